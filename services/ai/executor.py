"""The one road of every AI function: prepare, quote, reserve, and per item call, journal, save, capture; then release.

Each step is written down before the next, and each outside write carries an id of the task and item, so whoever
continues after a crash repeats nothing that was paid: a journalled answer is never asked for again, a saved output
and a capture are found done.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from chassis.clock import Clock
from chassis.refusal import Refusal
from chassis.transaction import Transactions
from services.ai.asking import ask
from services.ai.domain.function_names import FunctionName, NothingToDo
from services.ai.domain.task import AiTask, Phase
from services.ai.domain.task_item import Answer, ItemStatus, TaskItem
from services.ai.functions.base import Function
from services.ai.inventory import Inventory
from services.ai.ledger import Ledger
from services.ai.patience import passing, patiently
from services.ai.providers.port import ProviderMalformed
from services.ai.providers.registry import Providers
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import tasks as write

T = TypeVar("T")

ITEMS_AT_ONCE: Final = 4
"""Items of one execution that are worked on at the same time."""

Admit = Callable[[int], Awaitable[None]]
"""Asked with the quote's maximum before it is reserved; raises a Refusal when the run's limit does not allow it."""


class Executor:
    """Executes task logs. Holds every client a function must not have."""

    def __init__(
        self,
        *,
        transactions: Transactions[AiTransaction],
        functions: Mapping[FunctionName, Function],
        providers: Providers,
        ledger: Ledger,
        inventory: Inventory,
        clock: Clock,
        randomness: random.Random,
    ) -> None:
        self._transactions = transactions
        self._functions = functions
        self._providers = providers
        self._ledger = ledger
        self._inventory = inventory
        self._clock = clock
        self._randomness = randomness

    async def begin(self, task_id: str, lease: Lease, *, admit: Admit | None = None) -> AiTask:
        """Prepares, quotes and reserves, as far as that is not done yet. No provider is called.

        A refusal ends the task log in error, with its event, and is raised. What passes (a service that cannot be
        reached) is raised too and leaves the task pending.
        """
        task, items = await self._transactions.run(write.read_execution, task_id=task_id)
        if task.ended or task.reservation_id is not None:
            return task
        try:
            if task.phase is Phase.INIT:
                task, items = await self._prepare(task, lease)
            if not items:
                return await self._nothing_to_do(task, lease)
            return await self._reserve(task, items, lease, admit)
        except Refusal as refusal:
            if not passing(refusal):
                await self._transactions.run(
                    write.refuse_task, lease=lease, task_id=task.id, refusal=refusal, now=self._clock.now()
                )
            raise

    async def work(self, task_id: str, lease: Lease) -> AiTask:
        """Does the open items and ends the task log. `begin` has returned before. Raises LeaseLost, or what passes."""
        task, items = await self._transactions.run(write.read_execution, task_id=task_id)
        if task.ended:
            return task
        at_once = asyncio.Semaphore(ITEMS_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                for item in items:
                    if item.open:
                        group.create_task(self._within(at_once, task, item, lease))
        except* Refusal as refusals:
            # One of them stands for all: either the lease is lost, or a service cannot be reached.
            raise _first(refusals) from None
        assert task.reservation_id is not None, "begin has reserved"
        reservation_id = task.reservation_id
        await self._patiently(lambda: self._ledger.release(reservation_id, reason="The AI task has ended."))
        return await self._write(write.finish_task, lease, task)

    async def outputs(self, task_id: str) -> list[dict[str, Any]]:
        """What came of the items that are done, as `Saved.to_json` wrote it."""
        _, items = await self._transactions.run(write.read_execution, task_id=task_id)
        return [item.output for item in items if item.status is ItemStatus.DONE]

    async def _nothing_to_do(self, task: AiTask, lease: Lease) -> AiTask:
        """In a run the work was done meanwhile, which is fine; by hand somebody is waiting for it."""
        if task.run_id is None:
            raise NothingToDo(
                f"Nothing of what was given waits for {task.function_name}: it is done already.",
                metadata={"function": task.function_name.value},
            )
        return await self._write(write.finish_task, lease, task)

    async def _prepare(self, task: AiTask, lease: Lease) -> tuple[AiTask, list[TaskItem]]:
        drafts = await self._patiently(
            lambda: self._functions[task.function_name].prepare(self._inventory, task)
        )
        items = [
            TaskItem(
                task_id=task.id,
                position=position,
                item_id=draft.item_id,
                label=draft.label,
                input=draft.input,
            )
            for position, draft in enumerate(drafts)
        ]
        task = await self._transactions.run(
            write.note_items, lease=lease, task_id=task.id, items=items, now=self._clock.now()
        )
        return task, items

    async def _reserve(
        self, task: AiTask, items: list[TaskItem], lease: Lease, admit: Admit | None
    ) -> AiTask:
        estimate = self._functions[task.function_name].estimate(task, items)
        quote = await self._patiently(lambda: self._ledger.quote(task, estimate))
        if admit is not None:
            await admit(quote.maximum_credits)
        reservation_id = await self._patiently(lambda: self._ledger.reserve(task, quote))
        return await self._transactions.run(
            write.note_reservation,
            lease=lease,
            task_id=task.id,
            reservation_id=reservation_id,
            now=self._clock.now(),
        )

    async def _within(self, at_once: asyncio.Semaphore, task: AiTask, item: TaskItem, lease: Lease) -> None:
        async with at_once:
            await self._item(task, item, lease)

    async def _item(self, task: AiTask, item: TaskItem, lease: Lease) -> None:
        """One item from wherever it stands to its end. An item that fails fails alone."""
        function = self._functions[task.function_name]
        try:
            if item.answer is None:
                await self._patiently(lambda: function.begin(self._inventory, item))
                item = await self._call(function, task, item, lease)
            item, output = await self._understand(function, task, item, lease)
            answer = item.answer
            assert answer is not None, "an understood item has its answer"
            await self._deliver(function, task, item, answer, output, lease)
        except Refusal as refusal:
            if passing(refusal) or isinstance(refusal, LeaseLost):
                raise
            await self._fail(function, task, item, refusal, lease)

    async def _call(
        self, function: Function, task: AiTask, item: TaskItem, lease: Lease, *, fault: str = ""
    ) -> TaskItem:
        request = function.request(task, item, fault=fault)
        answer = await ask(self._providers, request, randomness=self._randomness)
        return await self._transactions.run(
            write.journal_answer, lease=lease, task_id=task.id, position=item.position, answer=answer
        )

    async def _understand(
        self, function: Function, task: AiTask, item: TaskItem, lease: Lease
    ) -> tuple[TaskItem, Any]:
        """The parsed answer; a malformed one is asked for once more. Raises ProviderMalformed."""
        answer = item.answer
        assert answer is not None, "the answer is journalled"
        try:
            return item, function.parse(item, answer)
        except ProviderMalformed as fault:
            if item.repaired:
                raise
            item = await self._call(function, task, item, lease, fault=fault.metadata.get("fault", ""))
            assert item.answer is not None, "the repaired answer is journalled"
            return item, function.parse(item, item.answer)

    async def _deliver(
        self, function: Function, task: AiTask, item: TaskItem, answer: Answer, output: Any, lease: Lease
    ) -> None:
        """Saves the output at publisher, charges it at billing, and notes both."""
        saved = await self._patiently(
            lambda: function.save(
                self._inventory, task, item, output, request_id=f"ai-item:{task.id}:{item.item_id}"
            )
        )
        charge = await self._patiently(
            lambda: self._ledger.capture(
                task,
                item,
                answer,
                description=function.describe(task, item),
                facts={"function": task.function_name.value, **saved.facts},
            )
        )
        await self._transactions.run(
            write.complete_item,
            lease=lease,
            task_id=task.id,
            position=item.position,
            output=saved.to_json(),
            outputs=saved.outputs,
            credits_used=charge.credits_used,
            cost=charge.cost_usd,
            now=self._clock.now(),
        )

    async def _fail(
        self, function: Function, task: AiTask, item: TaskItem, refusal: Refusal, lease: Lease
    ) -> None:
        try:
            await self._patiently(lambda: function.fail(self._inventory, item, refusal.message))
        except Refusal as other:
            if passing(other):
                raise
            # Publisher no longer has what the item is about; the task log still says what happened.
        await self._transactions.run(
            write.fail_item,
            lease=lease,
            task_id=task.id,
            position=item.position,
            refusal=refusal,
            now=self._clock.now(),
        )

    async def _write(self, step: Callable[..., AiTask], lease: Lease, task: AiTask) -> AiTask:
        return await self._transactions.run(step, lease=lease, task_id=task.id, now=self._clock.now())

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        return await patiently(call, self._randomness)


def _first(group: BaseExceptionGroup[Refusal]) -> Refusal:
    for error in group.exceptions:
        return error if isinstance(error, Refusal) else _first(error)
    raise AssertionError("a group is never empty")
