"""Where content goes."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from chassis.refusal import FieldFault, RequestInvalid, StaleEtag
from services.publisher.domain.item import etag_of
from services.publisher.domain.slug import slug_of

NAME_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`slug` is unique in the whole suite: the built-in target serves /published/{slug}/…. `language` is BCP 47.

    `time_zone` (IANA) is the one of its publishing settings, where it is changed.
    """

    id: str
    account_id: str
    name: str
    slug: str
    url: str = ""
    description: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    created_at: datetime
    updated_at: datetime

    @classmethod
    def create(
        cls,
        *,
        id: str,
        account_id: str,
        name: str,
        slug: str = "",
        url: str = "",
        description: str = "",
        language: str = "en",
        time_zone: str = "UTC",
        now: datetime,
    ) -> Self:
        """A new site; without a slug it gets one of its name. RequestInvalid names each wrong field."""
        name = checked_name(name)
        if slug and slug != slug_of(slug):
            raise RequestInvalid(
                FieldFault(field="slug", message=f"may hold a-z, 0-9 and single hyphens, as {slug_of(slug)}")
            )
        return cls(
            id=id,
            account_id=account_id,
            name=name,
            slug=slug or slug_of(name, fallback="site"),
            url=url,
            description=description,
            language=language or "en",
            time_zone=time_zone or "UTC",
            created_at=now,
            updated_at=now,
        )

    @property
    def etag(self) -> str:
        return etag_of(self.name, self.description, self.language)

    def edit(self, *, name: str, description: str, language: str, etag: str, now: datetime) -> Self:
        """Another name, description and language; the slug and so the links stay.

        Raises RequestInvalid for the name, StaleEtag when somebody saved after `etag` was read.
        """
        edited = replace(self, name=checked_name(name), description=description, language=language or "en")
        if edited == self:
            return self
        if etag and etag != self.etag:
            raise StaleEtag(kind="site", etag=self.etag)
        return replace(edited, updated_at=now)


def checked_name(name: str) -> str:
    """A name on one line of 1 to 200 characters; RequestInvalid otherwise."""
    shown = " ".join(name.split())
    if not shown:
        raise RequestInvalid(FieldFault(field="name", message="must not be empty"))
    if len(shown) > NAME_CHARACTERS_MAX:
        raise RequestInvalid(
            FieldFault(
                field="name",
                message=f"has {len(shown)} characters; at most {NAME_CHARACTERS_MAX} are possible",
            )
        )
    return shown
