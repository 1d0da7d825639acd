"""One use case is one transaction, run in a bounded thread pool; facts and the events about them commit together."""

import asyncio
import contextlib
import contextvars
import copy
import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Concatenate, Final, Generic, ParamSpec, Self, TypeVar

from google.protobuf.message import Message
from prometheus_client import Counter, Histogram
from sqlalchemy import Connection, Engine, exc, text

from chassis.bulk import Writes
from chassis.database import STATEMENT_TIMEOUT_SECONDS, guarded
from chassis.failures import RETRIED, Failure, classify, refusal_of
from chassis.idempotency import RequestKey, answered, once
from chassis.identity import caller_or_none
from chassis.outbox import Outbox, Recorded
from chassis.refusal import DeadlineExceeded, Overloaded

Tx = TypeVar("Tx", bound="Transaction")
P = ParamSpec("P")
T = TypeVar("T")
Response = TypeVar("Response", bound=Message)

ATTEMPTS_MAX: Final = 5
RETRY_SECONDS_MAX: Final = 5.0
"""No attempt begins later than this after the first one began."""

QUEUE_SECONDS_MAX: Final = 2.0
"""A use case that got no thread within this time is refused, and has not begun."""

WAIT = Histogram("db_pool_wait_seconds", "Time a use case waited for a thread and a connection.")
RETRIES = Counter("db_transaction_retries_total", "Transactions run again after a failure.", ["failure"])


class Transaction:
    """One open transaction of a service; services subclass it and hang their stores on its connection.

    Stores are best `functools.cached_property`, so the constructor stays this one.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.writes = Writes()
        """Statements that wait to be sent together: at the end, or by `send`."""

        self._recorded: list[Recorded] = []
        self._traceparent = ""

    @contextlib.contextmanager
    def in_trace(self, traceparent: str) -> Iterator[None]:
        """What is recorded inside goes on in that trace: for a transaction that does the work of several."""
        before, self._traceparent = self._traceparent, traceparent
        try:
            yield
        finally:
            self._traceparent = before

    def record(self, event: object, *, account_id: str, traceparent: str = "") -> None:
        """The event (a domain event the service's convert module knows, or a message of events.proto) happened, if
        this transaction commits. It is published afterwards, in order within the account, in the trace at hand or the one given."""
        trace = traceparent or self._traceparent
        self._recorded.append((event, account_id, trace) if trace else (event, account_id))

    def record_many(self, events: Iterable[tuple[object, str]]) -> None:
        """As `record`, for pairs of an event and its account id."""
        for event, account_id in events:
            self.record(event, account_id=account_id)

    def enqueue(self, job: object, *, account_id: str) -> None:
        """The job (its message's event option names the domain `jobs`) is to be done, if this transaction commits."""
        self.record(job, account_id=account_id)

    def send(self) -> None:
        """Sends the writes so far, for what is read afterwards in the same transaction."""
        self.writes.send(self.connection)

    def write_outbox(self, outbox: Outbox) -> bool:
        """Writes what was recorded, at the end, with all writes that wait; returns whether anything was recorded."""
        recorded, self._recorded = self._recorded, []
        return outbox.write(self.connection, recorded, after=self.writes) > 0


class Transactions(Generic[Tx]):
    """Runs use cases, each in its own transaction and its own thread of a bounded pool.

    `threads` should equal the engine's pool_size, so that no thread waits for a connection.
    """

    def __init__(
        self,
        engine: Engine,
        factory: Callable[[Connection], Tx],
        *,
        outbox: Outbox,
        threads: int = 8,
        randomness: random.Random | None = None,
    ) -> None:
        self.engine = engine
        self.outbox = outbox
        self._factory = factory
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=f"{outbox.service}-transaction")
        self._randomness = randomness or random.SystemRandom()
        self._deadline_seconds: float | None = None

    def within(self, *, seconds: float) -> Self:
        """The same, for use cases that may take so long (an import); by default a statement gets 5 s, the whole 15 s."""
        slower = copy.copy(self)
        slower._deadline_seconds = seconds
        return slower

    async def run(self, usecase: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `usecase(tx, **kwargs)` and commits; whatever it raises rolls back and is raised here.

        Deadlocks and lost connections are tried again, at most 5 times, but never a COMMIT whose end is unknown.
        Raises Contention, ServiceUnavailable, DeadlineExceeded or Overloaded for what the database could not do.
        """
        return await self._in_thread(partial(self.run_sync, usecase, *args, **kwargs))

    def run_sync(self, usecase: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `run`, in this thread: for tests and the command line."""
        return self._run(lambda tx: usecase(tx, *args, **kwargs), repeatable=False)

    def run_repeatable_sync(
        self, usecase: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `run_repeatable`, in this thread: for a writer thread of its own."""
        return self._run(lambda tx: usecase(tx, *args, **kwargs), repeatable=True)

    async def run_once(
        self,
        usecase: Callable[..., T],
        /,
        *,
        request_id: str,
        scope: str,
        request: Message,
        response: type[Response],
        pack: Callable[[T], Response],
        **kwargs: Any,
    ) -> Response:
        """Runs `usecase(tx, **kwargs)` once for each request_id, and gives every repeat the first answer.

        The id counts within the account (`account_id` among the kwargs, else the caller's) and the scope, which
        names the method. An empty request_id means: just run. A refusal is not stored, so the id may be used again.
        Raises what `run` does, RequestIdReused for another `request` under the same id, RequestInProgress when the
        first is still at work after 2 s, RequestInvalid for an id longer than 255 characters.
        """
        if not request_id:
            return pack(await self.run(usecase, **kwargs))
        key = _request_key(request, kwargs.get("account_id"), scope=scope, request_id=request_id)

        def claim_and_run(tx: Tx) -> bytes:
            return once(tx.connection, key, lambda: pack(usecase(tx, **kwargs)).SerializeToString())

        answer = await self._in_thread(partial(self._run, claim_and_run, repeatable=True))
        return response.FromString(answer)

    async def answered(
        self,
        *,
        request_id: str,
        scope: str,
        request: Message,
        response: type[Response],
        account_id: str | None = None,
    ) -> Response | None:
        """What `run_once` has answered to this call before; None when it has not.

        For a method that looks at the world before it begins: a repeat is answered whatever became of the world.
        """
        if not request_id:
            return None
        key = _request_key(request, account_id, scope=scope, request_id=request_id)
        answer = await self._in_thread(
            partial(self._run, lambda tx: answered(tx.connection, key), repeatable=True)
        )
        return None if answer is None else response.FromString(answer)

    async def run_repeatable(
        self, usecase: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `run`, for a use case that knows by itself when it was already done (an inbox row, a unique key):
        a COMMIT whose end is unknown is tried again too."""
        return await self._in_thread(
            partial(self._run, lambda tx: usecase(tx, *args, **kwargs), repeatable=True)
        )

    def close(self) -> None:
        """Waits for the running transactions and ends the threads."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        # The thread sees the caller, the trace and the deadline of the call it works for.
        queued = self._executor.submit(contextvars.copy_context().run, _timed(work))
        waiting = asyncio.wrap_future(queued)
        try:
            done, _ = await asyncio.wait({waiting}, timeout=QUEUE_SECONDS_MAX)
        except asyncio.CancelledError:
            # What has begun ends by itself; what has not must not begin.
            waiting.cancel()
            raise
        if not done and queued.cancel():
            raise Overloaded
        return await waiting

    def _run(self, work: Callable[[Tx], T], *, repeatable: bool) -> T:
        began = time.monotonic()
        attempt = 1
        while True:
            try:
                return self._attempt(work)
            except _Failed as failed:
                failure = failed.failure
                may_repeat = failure in RETRIED and (repeatable or not failed.in_doubt)
                too_late = time.monotonic() - began > RETRY_SECONDS_MAX
                if not may_repeat or attempt == ATTEMPTS_MAX or too_late:
                    refusal = refusal_of(failure)
                    if refusal is None:
                        raise failed.error from None
                    raise refusal from failed.error
            RETRIES.labels(failure.value).inc()
            time.sleep(self._randomness.uniform(0, min(1.0, 0.02 * 4**attempt)))
            attempt += 1

    def _attempt(self, work: Callable[[Tx], T]) -> T:
        """One transaction. Raises _Failed for what SQLAlchemy raised, and what the use case raised as it is."""
        hold = None
        committing = False
        try:
            with self.engine.connect() as connection:
                hold = guarded(connection)
                self._give_time(connection)
                tx = self._factory(connection)
                result = work(tx)
                wrote = tx.write_outbox(self.outbox)
                committing = True
                connection.commit()
        except exc.SQLAlchemyError as error:
            if hold is not None and hold.expired:
                raise DeadlineExceeded from error
            failure = classify(error)
            raise _Failed(failure, error, in_doubt=committing and failure is Failure.CONNECTION) from error
        if wrote:
            self.outbox.committed.ring()
        return result

    def _give_time(self, connection: Connection) -> None:
        seconds = self._deadline_seconds
        if seconds is None:
            return
        guarded(connection).arm(seconds)
        if seconds > STATEMENT_TIMEOUT_SECONDS:
            connection.execute(
                text("SELECT set_config('statement_timeout', :milliseconds, true)"),
                {"milliseconds": str(round(seconds * 1000))},
            )


class _Failed(Exception):
    """One attempt failed in the database; `in_doubt` when its COMMIT may nevertheless have been carried out."""

    def __init__(self, failure: Failure, error: exc.SQLAlchemyError, *, in_doubt: bool) -> None:
        super().__init__(str(error))
        self.failure = failure
        self.error = error
        self.in_doubt = in_doubt


def _request_key(request: Message, account_id: str | None, *, scope: str, request_id: str) -> RequestKey:
    account_id = account_id or _callers_account()
    return RequestKey.of(request, account_id=account_id, scope=scope, request_id=request_id)


def _callers_account() -> str | None:
    caller = caller_or_none()
    return caller.account_id if caller else None


def _timed(work: Callable[[], T]) -> Callable[[], T]:
    queued_at = time.monotonic()

    def run() -> T:
        WAIT.observe(time.monotonic() - queued_at)
        return work()

    return run
