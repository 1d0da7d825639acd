"""A topic area of a site."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from chassis.refusal import StaleEtag
from services.publisher.domain.item import etag_of, wrong_move
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

    @property
    def etag(self) -> str:
        return etag_of(self.name)

    def rename(self, name: str, *, etag: str, now: datetime) -> Self:
        """Raises RequestInvalid for the name, StaleEtag when somebody saved after `etag` was read."""
        name = checked_name(name)
        if name == self.name:
            return self
        if etag and etag != self.etag:
            raise StaleEtag(kind="sector", etag=self.etag)
        return replace(self, name=name, updated_at=now)

    def check_deletable(self, *, in_use_by: str) -> None:
        """Raises StateConflict while there is something in it, for example `content`."""
        if in_use_by:
            way_out = f"It holds {in_use_by}: delete them first, or give the sector another name."
            raise wrong_move("sector", state="in_use", cannot="deleted", way_out=way_out, holds=in_use_by)
