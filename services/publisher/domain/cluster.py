"""A group of keywords that one or a few articles can answer together."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from chassis.refusal import StaleEtag
from services.publisher.domain.item import PipelineItem, etag_of


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

    @property
    def etag(self) -> str:
        return etag_of(self.name, self.description)

    def edit(self, *, name: str, description: str, etag: str, now: datetime) -> Self:
        """Another name and description. StaleEtag when somebody saved after `etag` was read."""
        if (name, description) == (self.name, self.description):
            return self
        if etag and etag != self.etag:
            raise StaleEtag(kind="cluster", etag=self.etag)
        return replace(self, name=name, description=description, updated_at=now)

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
