"""A process that dies at a chosen step of the road: its clients raise there once, and work again for its successor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.ai.domain.task import AiTask
from services.ai.domain.task_item import Answer, TaskItem
from services.ai.functions.base import Draft, Saved
from services.ai.functions.cluster_keywords import ClusterKeywords
from services.ai.functions.schemas import ClusterKeywordsOutput
from services.ai.inventory import Inventory
from services.ai.ledger import Charge, Estimate, Ledger, PinnedQuote


class Died(Exception):
    """The process is gone; nothing after this was done by it."""


@dataclass
class Fall:
    """Raises Died the first time that the step is reached, or every time."""

    step: str
    always: bool = False
    fallen: bool = False

    def at(self, step: str) -> None:
        if step == self.step and (self.always or not self.fallen):
            self.fallen = True
            raise Died(step)


STEPS = tuple(
    f"{when} {what}"
    for what in ("prepare", "quote", "reserve", "begin", "call", "save", "capture")
    for when in ("before", "after")
)
"""The steps that reach outside, in their order. Each note of one is the last thing before the next."""

RELEASE = ("before release", "after release")
"""Where an execution of several items dies besides: the only capture of one with one item ends the hold itself."""

CHARGED_BEFORE = STEPS.index("after capture")
"""Whoever dies at an earlier step has charged nothing."""


class FallingLedger(Ledger):
    """The real road to billing, until the fall."""

    def __init__(self, ledger: Ledger, fall: Fall) -> None:
        super().__init__(ledger._credits, ledger._prices)
        self._fall = fall

    async def quote(self, task: AiTask, estimate: Estimate) -> PinnedQuote:
        self._fall.at("before quote")
        quote = await super().quote(task, estimate)
        self._fall.at("after quote")
        return quote

    async def reserve(self, task: AiTask) -> str:
        self._fall.at("before reserve")
        reservation_id = await super().reserve(task)
        self._fall.at("after reserve")
        return reservation_id

    async def capture(
        self,
        task: AiTask,
        item: TaskItem,
        answer: Answer,
        *,
        final: bool,
        description: str,
        facts: Mapping[str, Any],
    ) -> Charge:
        self._fall.at("before capture")
        charge = await super().capture(task, item, answer, final=final, description=description, facts=facts)
        self._fall.at("after capture")
        return charge

    async def release(self, reservation_id: str, *, reason: str) -> None:
        self._fall.at("before release")
        await super().release(reservation_id, reason=reason)
        self._fall.at("after release")


class FallingClusters(ClusterKeywords):
    """The real function, until the fall."""

    def __init__(self, fall: Fall) -> None:
        self._fall = fall

    async def prepare(self, inventory: Inventory, task: AiTask) -> list[Draft]:
        self._fall.at("before prepare")
        drafts = await super().prepare(inventory, task)
        self._fall.at("after prepare")
        return drafts

    async def begin(self, inventory: Inventory, item: TaskItem) -> None:
        self._fall.at("before begin")
        await super().begin(inventory, item)
        self._fall.at("after begin")

    async def save(
        self,
        inventory: Inventory,
        task: AiTask,
        item: TaskItem,
        output: ClusterKeywordsOutput,
        *,
        request_id: str,
    ) -> Saved:
        self._fall.at("before save")
        saved = await super().save(inventory, task, item, output, request_id=request_id)
        self._fall.at("after save")
        return saved
