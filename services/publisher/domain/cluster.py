"""A group of keywords that one or a few articles can answer together."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from services.publisher.domain.item import PipelineItem


class ClusterStatus(StrEnum):
    """new > mapped."""

    NEW = "new"
    MAPPED = "mapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster(PipelineItem):
    """Mapped when it has ideas. `volume` is the sum of the known volumes of its keywords, in searches a month."""

    name: str
    description: str = ""
    keywords_count: int = 0
    volume: int = 0
    status: ClusterStatus = ClusterStatus.NEW

    def count(self, *, keywords_count: int, volume: int, now: datetime) -> Self:
        """Take over a recount of the cluster's keywords."""
        return replace(self, keywords_count=keywords_count, volume=volume, updated_at=now)

    def gained_ideas(self, *, now: datetime) -> Self:
        """Ideas were written for the cluster; more of them change nothing."""
        if self.status is ClusterStatus.MAPPED:
            return self
        return replace(self, status=ClusterStatus.MAPPED, updated_at=now)

    def lost_ideas(self, *, now: datetime) -> Self:
        """The last idea of the cluster was deleted, so new ones may be written."""
        return replace(self, status=ClusterStatus.NEW, updated_at=now)
