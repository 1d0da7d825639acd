"""The lists of CreditService, its sums, explanations, exports and proofs."""

from collections.abc import AsyncIterator

from google.api.httpbody_pb2 import HttpBody
from igny8.billing import v1 as billing
from igny8.options.v1 import options_pb2

from chassis import access
from chassis.csv_file import MEDIA_TYPE
from chassis.identity import Caller, CallerKind, current_caller
from chassis.paging import PageRequest
from chassis.refusal import FieldFault, NotFound, RequestInvalid
from services.billing import convert
from services.billing.servicers import Context
from services.billing.servicers.credit_base import CreditBase
from services.billing.usecases import budgets, proof, reports

PROOF_SECONDS_MAX = 60.0


class CreditLists(CreditBase):
    """Reading an account's books."""

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
            reservation_id=request.reservation_id or None,
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

    async def ListBudgets(
        self, request: billing.ListBudgetsRequest, context: Context
    ) -> billing.ListBudgetsResponse:
        page = await self._transactions.run(
            budgets.list_budgets,
            account_id=current_caller().account(),
            target_id=request.target_id.lower() or None,
            page=PageRequest.of(request),
            now=self._clock.now(),
        )
        return billing.ListBudgetsResponse(
            budgets=map(convert.budget_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def ExplainCharge(
        self, request: billing.ExplainChargeRequest, context: Context
    ) -> billing.ExplainChargeResponse:
        explanation = await self._transactions.run(
            reports.explain_charge, account_id=current_caller().account(), usage_id=request.usage_id
        )
        return convert.explanation_to_proto(explanation)

    async def ExportUsage(
        self, request: billing.ExportUsageRequest, context: Context
    ) -> AsyncIterator[billing.ExportUsageResponse]:
        account_id = current_caller().account()
        begin = getattr(request, "from") if request.HasField("from") else None
        after: str | None = None
        while True:
            rows = await self._transactions.run(
                reports.usage_after,
                account_id=account_id,
                after=after,
                begin=convert.instant_from_proto(begin) if begin else None,
                end=convert.instant_from_proto(request.to) if request.HasField("to") else None,
            )
            first = after is None
            yield billing.ExportUsageResponse(
                file=HttpBody(
                    content_type=MEDIA_TYPE if first else "",
                    data=convert.usage_to_csv(rows, with_header=first),
                )
            )
            if len(rows) < reports.EXPORTED_ROWS:
                return
            after = rows[-1].usage.id

    async def VerifyLedger(
        self, request: billing.VerifyLedgerRequest, context: Context
    ) -> billing.VerifyLedgerResponse:
        proved = await self._transactions.within(seconds=PROOF_SECONDS_MAX).run_repeatable(
            proof.verify_ledger,
            account_id=_account_to_prove(current_caller(), request.account_id),
            from_first_line=request.from_first_line,
            now=self._clock.now(),
        )
        return convert.proof_to_proto(proved)


def _account_to_prove(caller: Caller, account_id: str) -> str:
    """The operator names any account; owners mean their own, and learn nothing of others."""
    if caller.kind is CallerKind.OPERATOR:
        if not account_id:
            raise RequestInvalid(FieldFault("account_id", "must not be empty"))
        return account_id.lower()
    access.check(options_pb2.ACCESS_OWNER, caller, changes=False)
    if account_id and account_id.lower() != caller.account():
        raise NotFound(kind="account", id=account_id)
    return caller.account()
