"""A search keyword of a site, new until a cluster holds it."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from chassis.refusal import FieldFault, RequestInvalid
from services.publisher.domain.intent import Intent
from services.publisher.domain.item import PipelineItem, wrong_move
from services.publisher.domain.keyword_import import KeywordRow
from services.publisher.domain.keyword_text import clean, fault_of, normalise


class KeywordStatus(StrEnum):
    """new > mapped."""

    NEW = "new"
    MAPPED = "mapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword(PipelineItem):
    """Unique per site, sector and normalised text. None is unknown, never zero.

    `volume` is searches a month, or impressions where the file had nothing better and
    `volume_is_impressions` says so; `difficulty` is 0 to 100; `cpc` is in `currency` (ISO 4217).
    """

    keyword: str
    normalised: str
    volume: int | None = None
    volume_is_impressions: bool = False
    difficulty: int | None = None
    cpc: Decimal | None = None
    currency: str | None = None
    intent: Intent | None = None
    country: str | None = None
    cluster_id: str | None = None
    status: KeywordStatus = KeywordStatus.NEW
    disabled: bool = False

    @classmethod
    def imported(
        cls, row: KeywordRow, *, id: str, account_id: str, site_id: str, sector_id: str | None, now: datetime
    ) -> Self:
        """A new keyword from a row of a file."""
        return cls(
            id=id,
            account_id=account_id,
            site_id=site_id,
            sector_id=sector_id,
            created_at=now,
            updated_at=now,
            keyword=row.keyword,
            normalised=row.normalised,
            volume=row.volume,
            volume_is_impressions=row.volume_is_impressions and row.volume is not None,
            difficulty=row.difficulty,
            cpc=row.cpc,
            currency=row.currency,
            intent=row.intent,
            country=row.country,
        )

    def refreshed(self, row: KeywordRow, *, now: datetime) -> Self:
        """The keyword with what a later import knows about it; itself when that is nothing new.

        What the file leaves open keeps its value, and impressions never replace a real volume.
        """
        assert row.normalised == self.normalised, "a row refreshes the keyword it names"
        takes_volume = row.volume is not None and (
            not row.volume_is_impressions or self.volume is None or self.volume_is_impressions
        )
        newer = replace(
            self,
            volume=row.volume if takes_volume else self.volume,
            volume_is_impressions=row.volume_is_impressions if takes_volume else self.volume_is_impressions,
            difficulty=self.difficulty if row.difficulty is None else row.difficulty,
            cpc=self.cpc if row.cpc is None else row.cpc,
            currency=self.currency if row.cpc is None else row.currency,
            intent=row.intent or self.intent,
            country=row.country or self.country,
        )
        return self if newer == self else replace(newer, updated_at=now)

    def map_to(self, cluster_id: str, *, now: datetime) -> Self:
        """Put the keyword into a cluster; into the same one again is a quiet success."""
        if self.cluster_id == cluster_id:
            return self
        if self.status is KeywordStatus.MAPPED:
            raise wrong_move(
                "keyword",
                state=self.status,
                cannot="put into another cluster",
                way_out="Take it out of its cluster first.",
                cluster_id=self.cluster_id or "",
            )
        if self.disabled:
            raise wrong_move("keyword", state="disabled", cannot="clustered", way_out="Enable it first.")
        return replace(self, cluster_id=cluster_id, status=KeywordStatus.MAPPED, updated_at=now)

    def move(self, cluster_id: str, *, now: datetime) -> Self:
        """Put the keyword into a cluster, whichever it was in."""
        if self.cluster_id == cluster_id:
            return self
        return replace(self, cluster_id=cluster_id, status=KeywordStatus.MAPPED, updated_at=now)

    def unmap(self, *, now: datetime) -> Self:
        """Take the keyword out of its cluster; without one it stays as it is."""
        if self.cluster_id is None:
            return self
        return replace(self, cluster_id=None, status=KeywordStatus.NEW, updated_at=now)

    def set_disabled(self, disabled: bool, *, now: datetime) -> Self:
        """A disabled keyword stays in lists and is left out of clustering."""
        return self if disabled == self.disabled else replace(self, disabled=disabled, updated_at=now)


def keyword_by_hand(text: str) -> tuple[str, str]:
    """The text as shown and as compared, of a keyword that somebody typed; RequestInvalid when it is none."""
    shown = clean(text)
    if fault := fault_of(shown):
        raise RequestInvalid(FieldFault(field="keyword", message=f"is not possible. {fault}".rstrip(".")))
    return shown, normalise(shown)
