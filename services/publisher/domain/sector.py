"""A topic area of a site."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from services.publisher.domain.site import checked_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Sector:
    """Its name is unique in the site, in any case."""

    id: str
    account_id: str
    site_id: str
    name: str
    description: str = ""
    created_at: datetime
    updated_at: datetime

    @classmethod
    def create(
        cls, *, id: str, account_id: str, site_id: str, name: str, description: str = "", now: datetime
    ) -> Self:
        """A new sector; RequestInvalid when the name is empty or longer than 200 characters."""
        return cls(
            id=id,
            account_id=account_id,
            site_id=site_id,
            name=checked_name(name),
            description=description,
            created_at=now,
            updated_at=now,
        )
