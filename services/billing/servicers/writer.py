"""The writer: the one road of orders into the ledger, many in a transaction."""

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from google.protobuf.message import Message

from chassis import telemetry
from chassis.clock import Clock
from chassis.coalescing import Coalescer
from chassis.idempotency import RequestKey
from chassis.transaction import Transactions
from services.billing.domain.order import Order, Outcome
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.writing import Result, Submission, write

Response = TypeVar("Response", bound=Message)
Came = TypeVar("Came", bound=Outcome)


class Writer:
    """Takes orders from every call of this process and commits them together; close it when the server has ended."""

    def __init__(self, transactions: Transactions[BillingTransaction], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock
        self._coalescer: Coalescer[Submission, Result] = Coalescer(self._write, name="billing-writer")

    async def order(
        self,
        order: Order,
        *,
        response: type[Response],
        pack: Callable[[Came], Response],
        request: Message,
        scope: str = "",
        request_id: str = "",
        weight: int = 1,
    ) -> Response:
        """The answer once the order is committed, or the first answer where the id was used before.

        Raises what the order is refused for, RequestIdReused for another `request` under the same id, and what
        the database could not do. Without a request_id the order must be one that can be repeated by itself.
        """
        key = None
        if request_id:
            key = RequestKey.of(request, account_id=order.account_id, scope=scope, request_id=request_id)
        submission = Submission(
            order=order,
            key=key,
            pack=cast(Callable[[Outcome], Message], pack),
            # The writer's thread works for many calls; the events of each go on in its own trace.
            traceparent=telemetry.traceparent(),
        )
        answer = await self._coalescer.submit(submission, weight=weight)
        if isinstance(answer, bytes):
            return response.FromString(answer)
        return cast(Response, answer)

    def close(self) -> None:
        """Writes what was taken and ends."""
        self._coalescer.close()

    def _write(self, submissions: Sequence[Submission]) -> Sequence[Result]:
        return self._transactions.run_repeatable_sync(write, submissions=submissions, now=self._clock.now())
