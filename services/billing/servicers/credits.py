"""CreditService: the balance and every move of credits, and the lists of them."""

from datetime import timedelta

from igny8.billing import v1 as billing

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.paging import PageRequest
from chassis.transaction import Transactions
from services.billing import convert
from services.billing.domain.balance import Balance
from services.billing.domain.grant import CreditGrant
from services.billing.domain.order import Capture, Release, Reserve
from services.billing.domain.quote import QuotedWork
from services.billing.domain.reservation import LIFETIME
from services.billing.servicers import Context
from services.billing.servicers.writer import Writer
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases import credits, reports


class CreditServicer(billing.CreditServiceServicer):
    """Prepaid credits of the caller's account; grants are the operator's, for any account."""

    def __init__(
        self, transactions: Transactions[BillingTransaction], clock: Clock, *, writer: Writer
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._writer = writer

    async def GetBalance(
        self, request: billing.GetBalanceRequest, context: Context
    ) -> billing.GetBalanceResponse:
        balance = await self._transactions.run(
            credits.get_balance, account_id=current_caller().account(), now=self._clock.now()
        )
        return billing.GetBalanceResponse(balance=convert.balance_to_proto(balance))

    async def Quote(self, request: billing.QuoteRequest, context: Context) -> billing.QuoteResponse:
        quote = await self._transactions.run(
            credits.quote,
            account_id=current_caller().account(),
            model_name=request.model_name,
            work=QuotedWork(
                operation_type=request.operation_type,
                items=request.items,
                expected_tokens=request.expected_tokens,
                maximum_tokens=request.maximum_tokens,
                images=request.images,
            ),
            now=self._clock.now(),
        )
        return billing.QuoteResponse(quote=convert.quote_to_proto(quote))

    async def Reserve(self, request: billing.ReserveRequest, context: Context) -> billing.ReserveResponse:
        caller = current_caller()
        return await self._writer.order(
            Reserve(
                account_id=caller.account(),
                actor=caller.actor,
                quote_id=request.quote_id,
                purpose=convert.purpose_from_proto(request),
                lifetime=timedelta(seconds=request.lifetime_seconds) or LIFETIME,
            ),
            request=request,
            request_id=request.request_id,
            scope="Reserve",
            response=billing.ReserveResponse,
            pack=convert.reserved_to_proto,
        )

    async def Capture(self, request: billing.CaptureRequest, context: Context) -> billing.CaptureResponse:
        caller = current_caller()
        return await self._writer.order(
            Capture(
                account_id=caller.account(),
                actor=caller.actor,
                reservation_id=request.reservation_id,
                item=convert.item_from_proto(request),
                final=request.final,
            ),
            request=request,
            request_id=request.request_id,
            scope="Capture",
            response=billing.CaptureResponse,
            pack=convert.captured_to_proto,
        )

    async def Release(self, request: billing.ReleaseRequest, context: Context) -> billing.ReleaseResponse:
        caller = current_caller()
        return await self._writer.order(
            Release(
                account_id=caller.account(),
                actor=caller.actor,
                reservation_id=request.reservation_id,
                why=request.reason,
            ),
            request=request,
            response=billing.ReleaseResponse,
            pack=convert.released_to_proto,
        )

    async def Grant(self, request: billing.GrantRequest, context: Context) -> billing.GrantResponse:
        ends = request.HasField("expires_at")
        return await self._transactions.run_once(
            credits.grant,
            request_id=request.request_id,
            scope="Grant",
            request=request,
            response=billing.GrantResponse,
            pack=_granted,
            account_id=request.account_id,
            amount=request.amount,
            category=convert.category_from_proto(request.category),
            priority=request.priority,
            expires_at=convert.instant_from_proto(request.expires_at) if ends else None,
            description=request.description,
            actor=current_caller().actor,
            now=self._clock.now(),
        )

    async def ListGrants(
        self, request: billing.ListGrantsRequest, context: Context
    ) -> billing.ListGrantsResponse:
        page = await self._transactions.run(
            reports.list_grants,
            account_id=current_caller().account(),
            page=PageRequest.of(request),
            now=self._clock.now(),
        )
        return billing.ListGrantsResponse(
            grants=map(convert.grant_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def ListTransactions(
        self, request: billing.ListTransactionsRequest, context: Context
    ) -> billing.ListTransactionsResponse:
        page = await self._transactions.run(
            reports.list_transactions,
            account_id=current_caller().account(),
            transaction_type=convert.transaction_type_from_proto(request.transaction_type),
            run_id=request.run_id or None,
            page=PageRequest.of(request),
        )
        return billing.ListTransactionsResponse(
            transactions=map(convert.transaction_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def ListUsage(
        self, request: billing.ListUsageRequest, context: Context
    ) -> billing.ListUsageResponse:
        page = await self._transactions.run(
            reports.list_usage,
            account_id=current_caller().account(),
            operation_type=request.operation_type or None,
            site_id=request.site_id or None,
            run_id=request.run_id or None,
            page=PageRequest.of(request),
        )
        return billing.ListUsageResponse(
            usage=map(convert.usage_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def SummarizeUsage(
        self, request: billing.SummarizeUsageRequest, context: Context
    ) -> billing.SummarizeUsageResponse:
        # `from` is a word of Python's own, so the field is read by its name.
        begin = getattr(request, "from") if request.HasField("from") else None
        groups = await self._transactions.run(
            reports.summarize_usage,
            account_id=current_caller().account(),
            group_by=convert.group_by_from_proto(request.group_by),
            begin=convert.instant_from_proto(begin) if begin else None,
            end=convert.instant_from_proto(request.to) if request.HasField("to") else None,
        )
        return billing.SummarizeUsageResponse(groups=map(convert.usage_group_to_proto, groups))

    async def ListReservations(
        self, request: billing.ListReservationsRequest, context: Context
    ) -> billing.ListReservationsResponse:
        page = await self._transactions.run(
            reports.list_reservations,
            account_id=current_caller().account(),
            status=convert.status_from_proto(request.status),
            page=PageRequest.of(request),
            now=self._clock.now(),
        )
        return billing.ListReservationsResponse(
            reservations=map(convert.reservation_to_proto, page.items), next_page_token=page.next_page_token
        )


def _granted(result: tuple[CreditGrant, Balance]) -> billing.GrantResponse:
    grant, balance = result
    return billing.GrantResponse(
        grant=convert.grant_to_proto(grant), balance=convert.balance_to_proto(balance)
    )
