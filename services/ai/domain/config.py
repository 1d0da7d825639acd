"""A site's automation settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.ai.domain.stages import DEFAULTS, Stage, StageConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationConfig:
    """What a run of the site does, and within which limits. Without a saved one, the defaults hold."""

    site_id: str
    stages: Mapping[Stage, StageConfig] = field(default_factory=lambda: dict(DEFAULTS))
    max_credits_per_run: int = 0
    """A run stops at this many credits; 0 means no limit."""
    max_in_article_images: int = 2
    text_model: str = ""
    """Empty means the platform's default."""
    image_model: str = ""
    version: int = 0
    """Counts the saves; 0 while only the defaults hold."""

    @property
    def etag(self) -> str:
        return f"v{self.version}"

    @property
    def enabled(self) -> frozenset[Stage]:
        return frozenset(stage for stage, settings in self.stages.items() if settings.enabled)
