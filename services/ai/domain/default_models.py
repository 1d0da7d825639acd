"""The models an account uses where neither the call nor the site names one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.ai.domain.function_names import FunctionName


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultModels:
    """A model for some of the functions; the others take the platform's."""

    account_id: str
    models: Mapping[FunctionName, str] = field(default_factory=dict)
    version: int = 0
    """Counts the saves; 0 while nothing was saved."""

    @property
    def etag(self) -> str:
        return f"v{self.version}"
