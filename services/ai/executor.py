"""The one road of every AI function: prepare, quote, reserve, and per item call, journal, save, capture; then release.

Each step is written down before the next, and each outside write carries an id of the task and item, so whoever
continues after a crash repeats nothing that was paid: a journalled answer is never asked for again, a saved output
and a capture are found done.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar

from chassis import telemetry
from chassis.clock import Clock
from chassis.refusal import Refusal
from chassis.transaction import Transactions
from services.ai.asking import ask
from services.ai.at_work import AtWork, Stopped, TurnOver
from services.ai.conversation import journalled, reread, understood
from services.ai.domain.function_names import FunctionName, NothingToDo
from services.ai.domain.run import CreditsTied
from services.ai.domain.task import AiTask, Phase
from services.ai.domain.task_item import ItemStatus, TaskItem
from services.ai.functions.base import Function
from services.ai.holding import HOLD_ENDED, NOTHING_ABOUT_IT, HoldEnded, Holding
from services.ai.inventory import Inventory
from services.ai.ledger import Charge, Ledger
from services.ai.patience import ATTEMPTS_MAX, fault_of_ours, passing, patiently
from services.ai.providers.port import ProviderKeyMissing, ProviderKeyRefused
from services.ai.providers.registry import Providers
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.task_notes import Execution, TaskNotes
from services.ai.usecases.item_steps import Answered, Completed, without_trace
from services.ai.usecases.preparing import Prepared

T = TypeVar("T")

NO_KEY: Final = (ProviderKeyRefused, ProviderKeyMissing)
"""Refusals that every other call of the execution would meet too: none is made after the first."""

SURE_SECONDS: Final = 0.05
"""So long it is taken for granted that nobody has cancelled an execution. Many times that is what a call to a model
takes, so it is asked before all but the fastest; and no more often, however many calls begin."""


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
        self._notes = TaskNotes(transactions, clock=clock, randomness=randomness)
        self._functions = functions
        self._providers = providers
        self._ledger = ledger
        self._holding = Holding(
            ledger=ledger, notes=self._notes, functions=functions, clock=clock, randomness=randomness
        )
        self._inventory = inventory
        self._clock = clock
        self._randomness = randomness
        self._sure_seconds = sure_seconds

    async def begin(
        self,
        task_id: str,
        lease: Lease,
        *,
        new: AiTask | None = None,
        run_item_id: str | None = None,
        attempts: int = ATTEMPTS_MAX,
    ) -> Execution:
        """Prepares, quotes and reserves, as far as that is not done yet. No provider is called.

        Work that is taken up again has its hold extended, or gets a new one where that has ended. A refusal ends the
        task log in error, with its event, and is raised. What passes (a service that cannot be reached in so many
        attempts) is raised too and leaves the task pending, as too few credits leave work of a run that was taken up
        again. `new` is the task where it was written just now; `run_item_id` names the item of a run that has to
        allow the credits.
        """
        execution = Execution(task=new) if new is not None else await self._notes.read(task_id)
        task = execution.task
        if task.ended:
            return execution
        if task.cancelling and task.quote_id is None:
            return Execution(task=await self.finish(task, lease))
        try:
            if task.reservation_id is None:
                execution = await self._prepare(execution, lease, run_item_id, attempts)
                if execution.task.ended:
                    return execution
                execution = await self._holding.taken(execution, lease, run_item_id, attempts)
            if task.quote_id is not None:
                execution = await self._held_again(execution, lease, run_item_id, attempts)
            return execution
        except Refusal as refusal:
            if passing(refusal) or isinstance(refusal, LeaseLost):
                raise
            if task.held_before:
                return Execution(task=await self._given_up(task_id, lease, refusal))
            if not isinstance(refusal, CreditsTied):
                await self._notes.refused(task, lease, refusal)
            raise

    async def work(
        self, execution: Execution, lease: Lease, *, again: bool = False, turn: timedelta | None = None
    ) -> AiTask:
        """Does the open items of what `begin` has given, and gives the rest of the hold back; the task log is not ended.

        Raises LeaseLost, or what passes. `again` says that a worker died at it, maybe with an answer that it did not
        journal. After a `turn` no further item is begun: TurnOver says that some are left.
        """
        task, completed = await self.work_to_the_end(execution, lease, again=again, turn=turn)
        return task if completed is None else await self._notes.completed(completed)

    async def work_to_the_end(
        self, execution: Execution, lease: Lease, *, again: bool = False, turn: timedelta | None = None
    ) -> tuple[AiTask, Completed | None]:
        """As `work`; the end of an only item is given and not noted, for whoever notes it with what it belongs to."""
        task = execution.task
        calls = await self._providers.calls_at_once(
            task.model_name, makes_images=task.function_name.makes_images
        )
        at_work = AtWork(
            task=task,
            lease=lease,
            calls_at_once=calls,
            sure_seconds=self._sure_seconds,
            held_at=(now := self._clock.now()),
            turn_ends_at=None if turn is None else now + turn,
        )
        ended = await asyncio.gather(
            *(
                self._within(at_work, replace(item, asked_before=again))
                for item in execution.items
                if item.open
            ),
            return_exceptions=True,
        )
        for failure in ended:
            # Every item has come as far as it could. One stands for all.
            if failure is not None and not isinstance(failure, NO_KEY):
                raise failure
        if at_work.no_key is not None:
            return await self.abandon(task.id, lease, at_work.no_key), None
        if at_work.turn_over and not at_work.cancelling:
            raise TurnOver
        if at_work.last is None:
            await self._holding.give_back(task)
        return task, at_work.last

    async def finish(self, task: AiTask, lease: Lease) -> AiTask:
        """Ends a task log of which what there was to do is done."""
        return await self._notes.finished(task, lease)

    async def abandon(
        self, task_id: str, lease: Lease, refusal: Refusal, *, hopeless: bool = False
    ) -> AiTask:
        """Does no open item: they fail by the refusal, what is done stays done. Whoever called ends the task log.

        An item that was charged before its worker died is not failed, but ended from its journal: its output is
        saved, so that only the note of it is missing. Where even that was tried too often (`hopeless`), it is noted as done
        without what it made, which stays in the inventory. One of a run for which there is no key is refused as a whole
        where none of its items has ended: they are as good as before, and the run may try them again.
        """
        execution = await self._notes.read(task_id)
        task, items = execution.task, execution.items
        if task.ended:
            return task
        if task.reservation_id is None:
            await self._holding.give_unnoted_back(task)
            if not task.held_before:
                return await self._notes.refused(task, lease, refusal)
        function, charged = self._functions[task.function_name], await self._charged(task)
        if isinstance(refusal, NO_KEY) and task.run_id and not charged and all(item.open for item in items):
            await self._holding.give_back(task)
            return await self._notes.refused(task, lease, refusal)
        for item in items:
            charge = charged.get(item.item_id)
            if item.open and charge is not None and hopeless:
                noted = without_trace(item, lease, credits_used=charge.credits_used, cost=charge.cost_usd)
                await self._notes.completed(noted)
            elif item.open and charge is not None:
                delivered = await self._delivered(function, task, item, reread(function, item), lease)
                await self._notes.completed(delivered)
            elif item.open and not task.cancelling:
                await self._fail(function, task, item, refusal, lease)
        if task.reservation_id is not None:
            await self._holding.give_back(task)
        return task

    async def _held_again(
        self, execution: Execution, lease: Lease, run_item_id: str | None, attempts: int
    ) -> Execution:
        """Work that is taken up again, with a hold that lasts: the one it had, else a new one by a new quote.

        Of a hold that has ended, what was charged to it is delivered; nothing else is asked for or saved before there
        is a new one.
        """
        if await self._holding.extended(execution.task, attempts):
            return execution
        task, items = execution.task, execution.items
        function, charged = self._functions[task.function_name], await self._charged(task)
        for item in items:
            if item.open and item.item_id in charged:
                delivered = await self._delivered(function, task, item, reread(function, item), lease)
                await self._notes.completed(delivered)
        execution = await self._notes.read(task.id)
        to_be_done = {ItemStatus.ANSWERED} if task.cancelling else {ItemStatus.PENDING, ItemStatus.ANSWERED}
        if not any(item.status in to_be_done for item in execution.items):
            return execution
        execution = await self._holding.priced(execution, lease, run_item_id, attempts)
        return await self._holding.taken(execution, lease, run_item_id, attempts)

    async def _given_up(self, task_id: str, lease: Lease, refusal: Refusal) -> AiTask:
        """Ends work that was held before and may not be held again: what is open fails by the refusal.

        Too few credits or a suspension say nothing about an item of a run. While nothing came of its execution both wait, so that an
        answer that is there, and maybe its output at publisher, is charged when there are credits: that raises.
        """
        task = (await self._notes.read(task_id)).task
        waits = refusal.reason in NOTHING_ABOUT_IT
        if task.run_id is not None and waits and not task.items_ended:
            raise refusal
        done = await self.abandon(task_id, lease, refusal)
        return done if done.ended else await self.finish(done, lease)

    async def _charged(self, task: AiTask) -> dict[str, Charge]:
        """What its items were charged, by their ids."""
        reservation_id = task.reservation_id
        if reservation_id is None:
            return {}
        return await self._patiently(lambda: self._ledger.charged(reservation_id))

    async def _prepare(
        self, execution: Execution, lease: Lease, run_item_id: str | None, attempts: int
    ) -> Execution:
        """With its items fixed, a quote, and its run's consent; ended where there is nothing to do."""
        task, items = execution.task, execution.items
        function = self._functions[task.function_name]
        if task.phase is Phase.INIT:
            drafts = await self._patiently(lambda: function.prepare(self._inventory, task), attempts)
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
        if not items and task.run_id is None:
            # By hand somebody is waiting for it.
            raise NothingToDo.of(task.function_name)
        if not items:
            # In a run the work was done meanwhile, which is fine.
            noted = await self._notes.prepared(Prepared(lease=lease, task_id=task.id))
            return Execution(task=await self.finish(noted, lease))
        if task.quote_id is not None:
            return Execution(task=await self._admitted(task, lease, run_item_id), items=items)
        return await self._holding.priced(Execution(task=task, items=items), lease, run_item_id, attempts)

    async def _admitted(self, task: AiTask, lease: Lease, run_item_id: str | None) -> AiTask:
        """It was quoted before; only its run is still to be asked."""
        if run_item_id is None:
            return task
        return await self._notes.prepared(Prepared(lease=lease, task_id=task.id, run_item_id=run_item_id))

    async def _within(self, at_work: AtWork, item: TaskItem) -> None:
        """Does the item unless the task was cancelled meanwhile; what a provider has answered is delivered even then."""
        async with at_work.items:
            self._notes.underway += 1
            try:
                at_work.hear(await self._item(at_work, item))
            except Stopped:
                return  # It was not begun, and is left as it is.
            finally:
                self._notes.underway -= 1

    async def _item(self, at_work: AtWork, item: TaskItem) -> AiTask:
        """One item from wherever it stands to its end, or to the end that is left to note. One that fails fails alone."""
        task, lease = at_work.task, at_work.lease
        function = self._functions[task.function_name]
        try:
            item, output = await understood(function, item, partial(self._call, function, at_work))
            completed = await self._delivered(function, task, item, output, lease)
            if task.items_total == 1:
                at_work.last = completed
                return task
            return await self._notes.completed(completed)
        except NO_KEY as refusal:
            at_work.no_key = refusal
            raise
        except Refusal as refusal:
            if passing(refusal) or isinstance(refusal, LeaseLost):
                raise
            if refusal.reason == HOLD_ENDED:
                # The process stood still for longer than billing waits for a capture. The item is not to blame.
                raise HoldEnded from refusal
            return await self._fail(function, task, item, refusal, lease)

    async def _call(
        self,
        function: Function,
        at_work: AtWork,
        item: TaskItem,
        drafts: tuple[Any, ...],
        fault: str,
    ) -> TaskItem:
        """Asks the provider and journals its answer. Raises Stopped for an item that must not begin any more.

        The place among the calls is given up before the journal's commit: a crash may lose the answers of one batch,
        which the account never pays for.
        """
        async with at_work.calls:
            if at_work.no_key is not None:
                raise at_work.no_key
            if not fault and not drafts:
                read = partial(self._notes.task, at_work.task.id)
                await at_work.check_may_begin(read, now=self._clock.now())
                await self._patiently(lambda: function.begin(self._inventory, item))
            await self._holding.keep(at_work)
            request = function.request(at_work.task, replace(item, drafts=drafts), fault=fault)
            answer = await ask(
                self._providers,
                replace(request, asked_before=item.asked_before),
                account_id=at_work.task.account_id,
                randomness=self._randomness,
            )
        answered = item.answered(answer, drafts=drafts, repair=bool(fault))
        step = Answered(lease=at_work.lease, item=answered)
        return await self._notes.answered(step)

    async def _delivered(
        self, function: Function, task: AiTask, item: TaskItem, output: Any, lease: Lease
    ) -> Completed:
        """Saves the output at publisher and charges it at billing; both are to be noted."""
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
                final=task.items_total == 1,
                description=function.describe(task, item),
                facts={
                    "function": task.function_name.value,
                    "own_key": answer.own_key,
                    "calls": answer.calls,
                    **saved.facts,
                },
            )
        )
        return Completed(
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

    async def _fail(
        self, function: Function, task: AiTask, item: TaskItem, refusal: Refusal, lease: Lease
    ) -> AiTask:
        try:
            await self._patiently(lambda: function.fail(self._inventory, item, refusal.message))
        except Refusal as other:
            if passing(other) and not fault_of_ours(other):
                raise
            # Publisher cannot note it, or no longer has what the item is about; the task log still says what happened.
        return await self._notes.failed(task, lease, item.position, refusal)

    async def _patiently(self, call: Callable[[], Awaitable[T]], attempts: int = ATTEMPTS_MAX) -> T:
        return await patiently(call, self._randomness, attempts=attempts)
