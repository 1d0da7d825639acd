"""The one road of every AI function: prepare, quote, reserve, and per item call, journal, save, capture; then release.

Each step is written down before the next, and each outside write carries an id of the task and item, so whoever
continues after a crash repeats nothing that was paid: a journalled answer is never asked for again, a saved output
and a capture are found done.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from chassis import telemetry
from chassis.clock import Clock
from chassis.refusal import Refusal
from chassis.together import Together
from chassis.transaction import Transactions
from services.ai.admission import TOO_FEW_CREDITS, Admission
from services.ai.asking import ask
from services.ai.conversation import journalled, reread, understood
from services.ai.domain.function_names import FunctionName, NothingToDo
from services.ai.domain.run import CreditsTied
from services.ai.domain.task import AiTask, Phase
from services.ai.domain.task_item import ItemStatus, TaskItem
from services.ai.functions.base import Function
from services.ai.inventory import Inventory
from services.ai.ledger import Ledger
from services.ai.patience import ATTEMPTS_MAX, fault_of_ours, passing, patiently
from services.ai.providers.port import ProviderKeyMissing, ProviderKeyRefused
from services.ai.providers.registry import Providers
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import tasks as write
from services.ai.usecases.item_steps import Answered, Completed, complete_items, journal_answers

T = TypeVar("T")

ITEMS_BY_CALLS: Final = 2
"""Items of one execution that are worked on at once, by the calls at once that their model allows: while as many as
may be called are at the provider, as many are journalled, saved and captured, so the provider never waits for us."""

NO_KEY: Final = (ProviderKeyRefused, ProviderKeyMissing)
"""Refusals that every other call of the execution would meet too: none is made after the first."""

SURE_SECONDS: Final = 0.05
"""So long it is taken for granted that nobody has cancelled an execution. Many times that is what a call to a model
takes, so it is asked before all but the fastest; and no more often, however many calls begin."""


class Step(Protocol):
    """Makes an idempotent call as patiently as whoever waits for its end can be."""

    async def __call__(self, call: Callable[[], Awaitable[T]]) -> T:
        """Raises what the call raised last."""


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
        sure_seconds: float = SURE_SECONDS,
    ) -> None:
        self._transactions = transactions
        self._functions = functions
        self._providers = providers
        self._ledger = ledger
        self._inventory = inventory
        self._clock = clock
        self._randomness = randomness
        self._sure_seconds = sure_seconds
        self._underway = 0
        self._answers = Together[Answered, TaskItem](self._journal, underway=self._items_underway)
        self._completions = Together[Completed, AiTask](self._complete, underway=self._items_underway)

    async def begin(
        self, task_id: str, lease: Lease, *, admission: Admission | None = None, attempts: int = ATTEMPTS_MAX
    ) -> AiTask:
        """Prepares, quotes and reserves, as far as that is not done yet. No provider is called.

        A refusal ends the task log in error, with its event, and is raised. What passes (a service that cannot be
        reached in so many attempts) is raised too and leaves the task pending.
        """
        task, items = await self._read(task_id)
        if task.begun:
            return task
        if task.cancelling and task.quote_id is None:
            return await self._write(write.finish_task, lease, task)
        step = partial(patiently, randomness=self._randomness, attempts=attempts)
        try:
            if task.phase is Phase.INIT:
                task, items = await self._prepare(task, lease, step)
            if not items:
                return await self._nothing_to_do(task, lease)
            return await self._reserve(task, items, lease, admission, step)
        except Refusal as refusal:
            if not passing(refusal) and not isinstance(refusal, LeaseLost | CreditsTied):
                await self._write(write.refuse_task, lease, task, refusal=refusal)
            raise

    async def work(self, task_id: str, lease: Lease, *, again: bool = False) -> AiTask:
        """Does the open items and ends the task log. `begin` has returned before. Raises LeaseLost, or what passes.

        `again` says that a worker was at it before and died, maybe with a provider's answer that it did not journal.
        """
        task, items = await self._read(task_id)
        if task.ended:
            return task
        calls = await self._providers.calls_at_once(
            task.model_name, makes_images=task.function_name.makes_images
        )
        at_work = _AtWork(task=task, lease=lease, calls_at_once=calls)
        ended = await asyncio.gather(
            *(self._within(at_work, replace(item, asked_before=again)) for item in items if item.open),
            return_exceptions=True,
        )
        for failure in ended:
            # Every item has come as far as it could: what a provider has answered is journalled. One stands for all.
            if failure is not None and not isinstance(failure, NO_KEY):
                raise failure
        if at_work.no_key is not None:
            return await self.abandon(task_id, lease, at_work.no_key)
        return await self._finish(task, lease)

    async def abandon(self, task_id: str, lease: Lease, refusal: Refusal) -> AiTask:
        """Ends an execution without doing its open items: they fail by the refusal, what is done stays done.

        An item that was charged before its worker died is not failed, but ended from its journal: its output is
        saved, so that only the note of it is missing. One of a run for which there is no key is refused as a whole
        where none of its items has ended: they are as good as before, and the run may try them again.
        """
        task, items = await self._read(task_id)
        if task.ended:
            return task
        if task.reservation_id is None:
            await self._give_unnoted_hold_back(task)
            return await self._write(write.refuse_task, lease, task, refusal=refusal)
        function, reservation_id = self._functions[task.function_name], task.reservation_id
        charged = await self._patiently(lambda: self._ledger.charged(reservation_id))
        if isinstance(refusal, NO_KEY) and task.run_id and not charged and all(item.open for item in items):
            await self._release(reservation_id)
            return await self._write(write.refuse_task, lease, task, refusal=refusal)
        for item in items:
            if item.open and item.item_id in charged:
                await self._deliver(function, task, item, reread(function, item), lease)
            elif item.open and not task.cancelling:
                await self._fail(function, task, item, refusal, lease)
        return await self._finish(task, lease)

    async def outputs(self, task_id: str) -> list[dict[str, Any]]:
        """What came of the items that are done, as `Saved.to_json` wrote it, with the tokens each took."""
        _, items = await self._read(task_id)
        return [item.output for item in items if item.status is ItemStatus.DONE]

    async def _give_unnoted_hold_back(self, task: AiTask) -> None:
        """Its worker may have died between the reservation and the note of it, which only asking again tells."""
        if task.quote_id is None:
            return
        try:
            reservation_id = await self._patiently(lambda: self._ledger.reserve(task))
        except Refusal as refusal:
            if passing(refusal):
                raise
            return
        await self._release(reservation_id)

    async def _nothing_to_do(self, task: AiTask, lease: Lease) -> AiTask:
        """In a run the work was done meanwhile, which is fine; by hand somebody is waiting for it."""
        if task.run_id is None:
            raise NothingToDo.of(task.function_name)
        return await self._write(write.finish_task, lease, task)

    async def _finish(self, task: AiTask, lease: Lease) -> AiTask:
        """Gives the rest of the hold back and ends the task log."""
        assert task.reservation_id is not None, "begin has reserved"
        await self._release(task.reservation_id)
        return await self._write(write.finish_task, lease, task)

    async def _release(self, reservation_id: str) -> None:
        await self._patiently(lambda: self._ledger.release(reservation_id, reason="The AI task has ended."))

    async def _prepare(self, task: AiTask, lease: Lease, step: Step) -> tuple[AiTask, list[TaskItem]]:
        drafts = await step(lambda: self._functions[task.function_name].prepare(self._inventory, task))
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
        return await self._write(write.note_items, lease, task, items=items), items

    async def _reserve(
        self, task: AiTask, items: list[TaskItem], lease: Lease, admission: Admission | None, step: Step
    ) -> AiTask:
        """The quote is noted before it is used: whoever repeats the reservation gets the same one, and none is left."""
        if task.quote_id is None:
            task = await self._quote(task, items, lease, step)
        try:
            reservation_id = await self._hold(task, admission, step)
        except Refusal as refusal:
            if refusal.reason != "QUOTE_EXPIRED":
                raise
            task = await self._quote(task, items, lease, step)
            reservation_id = await self._hold(task, admission, step)
        return await self._write(write.note_reservation, lease, task, reservation_id=reservation_id)

    async def _hold(self, task: AiTask, admission: Admission | None, step: Step) -> str:
        if admission is not None:
            await admission.ask(task.credits_quoted)
        try:
            return await step(lambda: self._ledger.reserve(task))
        except Refusal as refusal:
            if admission is not None and refusal.reason in TOO_FEW_CREDITS:
                await admission.refused(task.credits_quoted)
            raise

    async def _quote(self, task: AiTask, items: list[TaskItem], lease: Lease, step: Step) -> AiTask:
        estimate = self._functions[task.function_name].estimate(task, items)
        quote = await step(lambda: self._ledger.quote(task, estimate))
        return await self._write(
            write.note_quote, lease, task, quote_id=quote.id, credits=quote.maximum_credits
        )

    async def _within(self, at_work: "_AtWork", item: TaskItem) -> None:
        """Does the item unless the task was cancelled meanwhile, which the end of each item before tells.

        What a provider has answered already is delivered even then: it was paid for.
        """
        async with at_work.items:
            self._underway += 1
            try:
                at_work.cancelling |= (await self._item(at_work, item)).cancelling
            except _Stopped:
                # It was not begun, and is left as it is.
                return
            finally:
                self._underway -= 1

    def _items_underway(self) -> int:
        return self._underway

    async def _item(self, at_work: "_AtWork", item: TaskItem) -> AiTask:
        """One item from wherever it stands to its end. An item that fails fails alone."""
        task, lease = at_work.task, at_work.lease
        function = self._functions[task.function_name]
        try:
            item, output = await understood(function, item, partial(self._call, function, at_work))
            return await self._deliver(function, task, item, output, lease)
        except NO_KEY as refusal:
            at_work.no_key = refusal
            raise
        except Refusal as refusal:
            if passing(refusal) or isinstance(refusal, LeaseLost):
                raise
            return await self._fail(function, task, item, refusal, lease)

    async def _call(
        self,
        function: Function,
        at_work: "_AtWork",
        item: TaskItem,
        drafts: tuple[Any, ...],
        fault: str,
    ) -> TaskItem:
        """Asks the provider and journals its answer. Raises _Stopped for an item that must not begin any more.

        The place among the calls is given up before the journal's commit, so that the next call begins at once: what
        a crash may lose are the answers of one batch, which the account never pays for.
        """
        async with at_work.calls:
            if at_work.no_key is not None:
                raise at_work.no_key
            if not fault and not drafts:
                await self._check_may_begin(at_work)
                await self._patiently(lambda: function.begin(self._inventory, item))
            request = function.request(at_work.task, replace(item, drafts=drafts), fault=fault)
            answer = await ask(
                self._providers,
                replace(request, asked_before=item.asked_before),
                account_id=at_work.task.account_id,
                randomness=self._randomness,
            )
        answered = item.answered(answer, drafts=drafts, repair=bool(fault))
        step = Answered(lease=at_work.lease, item=answered)
        return await self._patiently(lambda: self._answers.submit(step))

    async def _check_may_begin(self, at_work: "_AtWork") -> None:
        """Raises _Stopped when the execution was cancelled; one of a run never is, its run is."""
        if at_work.task.run_id is None:
            async with at_work.asking:
                if time.monotonic() - at_work.sure_at > self._sure_seconds and not at_work.cancelling:
                    task = await self._patiently(
                        lambda: self._transactions.run(write.get_task, task_id=at_work.task.id)
                    )
                    at_work.cancelling, at_work.sure_at = task.cancelling, time.monotonic()
        if at_work.cancelling:
            raise _Stopped

    async def _deliver(
        self, function: Function, task: AiTask, item: TaskItem, output: Any, lease: Lease
    ) -> AiTask:
        """Saves the output at publisher, charges it at billing, and notes both."""
        answer = journalled(item)
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
                facts={
                    "function": task.function_name.value,
                    "own_key": answer.own_key,
                    "calls": answer.calls,
                    **saved.facts,
                },
            )
        )
        step = Completed(
            lease=lease,
            item=item,
            output={
                **saved.to_json(),
                "input_tokens": answer.input_tokens,
                "output_tokens": answer.output_tokens,
            },
            outputs=saved.outputs,
            credits_used=charge.credits_used,
            cost=charge.cost_usd,
            traceparent=telemetry.traceparent(),
        )
        return await self._patiently(lambda: self._completions.submit(step))

    async def _journal(self, steps: Sequence[Answered]) -> Sequence[TaskItem | LeaseLost]:
        return await self._transactions.run_repeatable(journal_answers, steps=steps)

    async def _complete(self, steps: Sequence[Completed]) -> Sequence[AiTask | LeaseLost]:
        return await self._transactions.run_repeatable(complete_items, steps=steps, now=self._clock.now())

    async def _fail(
        self, function: Function, task: AiTask, item: TaskItem, refusal: Refusal, lease: Lease
    ) -> AiTask:
        try:
            await self._patiently(lambda: function.fail(self._inventory, item, refusal.message))
        except Refusal as other:
            if passing(other) and not fault_of_ours(other):
                raise
            # Publisher cannot note it, or no longer has what the item is about; the task log still says what happened.
        return await self._write(write.fail_item, lease, task, position=item.position, refusal=refusal)

    async def _read(self, task_id: str) -> tuple[AiTask, list[TaskItem]]:
        return await self._transactions.run(write.read_execution, task_id=task_id)

    async def _write(self, note: Callable[..., AiTask], lease: Lease, task: AiTask, **facts: Any) -> AiTask:
        """Notes a step. Each of them finds out by itself when it is noted already, so it is repeated without harm."""
        return await self._patiently(
            lambda: self._transactions.run(note, lease=lease, task_id=task.id, now=self._clock.now(), **facts)
        )

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        return await patiently(call, self._randomness)


class _Stopped(Exception):
    """The task was cancelled before the item began."""


class _AtWork:
    """One execution while its items are done."""

    def __init__(self, *, task: AiTask, lease: Lease, calls_at_once: int) -> None:
        self.task = task
        self.lease = lease
        self.items = asyncio.Semaphore(calls_at_once * ITEMS_BY_CALLS)
        self.calls = asyncio.Semaphore(calls_at_once)
        self.asking = asyncio.Lock()
        self.cancelling = task.cancelling
        self.no_key: ProviderKeyRefused | ProviderKeyMissing | None = None
        """Why no call of this execution can be made any more."""
        self.sure_at = time.monotonic()
