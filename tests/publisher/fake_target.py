"""A target elsewhere that does what a test says."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.publisher.domain.connection import Access
from services.publisher.domain.delivery import Delivery, Placed
from services.publisher.domain.finding import Findings
from services.publisher.domain.publication import Publication
from services.publisher.domain.seen import Seen, SeenState

POST_URL = "https://example.com/post-7"


@dataclass
class FakeTarget:
    """It keeps what it gets, and raises in turn what a test tells it to."""

    troubles: list[Exception] = field(default_factory=list)
    seen: list[Delivery] = field(default_factory=list)
    taken_off: list[Delivery] = field(default_factory=list)
    checked: list[Access] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    states: dict[str, SeenState] = field(default_factory=dict)
    """By the ids of publications, for those that are not published there any more."""
    urls: dict[str, str] = field(default_factory=dict)
    """By the ids of publications, for those that readers find elsewhere by now."""
    notes: dict[str, str] = field(default_factory=dict)
    """By the ids of publications, for those that somebody did something with there."""
    asked: list[str] = field(default_factory=list)
    """Ids of publications whose state was asked for."""
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def publish(self, delivery: Delivery) -> Placed:
        self.seen.append(delivery)
        await self._answer()
        return Placed(external_id="post-7", external_url=POST_URL)

    async def unpublish(self, delivery: Delivery) -> None:
        self.taken_off.append(delivery)
        await self._answer()

    async def check(self, access: Access) -> Findings:
        self.checked.append(access)
        await self.open.wait()
        return self.findings

    async def state_of(self, access: Access, publications: Sequence[Publication]) -> Mapping[str, Seen]:
        self.asked += [one.id for one in publications]
        await self._answer()
        return {
            one.id: Seen(
                self.states.get(one.id, SeenState.PUBLISHED),
                self.urls.get(one.id, one.external_url),
                self.notes.get(one.id, ""),
            )
            for one in publications
        }

    async def _answer(self) -> None:
        await self.open.wait()
        if self.troubles:
            raise self.troubles.pop(0)
