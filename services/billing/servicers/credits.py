"""CreditService: the balance, grants, settings and budgets; its orders and its lists have files of their own."""

from igny8.billing import v1 as billing

from chassis.identity import current_caller
from services.billing import convert
from services.billing.domain.balance import Balance
from services.billing.domain.grant import CreditGrant
from services.billing.domain.level import LOW_THRESHOLD
from services.billing.domain.quote import QuotedWork
from services.billing.domain.reversal import Reversed
from services.billing.servicers import Context
from services.billing.servicers.credit_lists import CreditLists
from services.billing.servicers.credit_orders import CreditOrders
from services.billing.usecases import budgets, credits


class CreditServicer(CreditOrders, CreditLists):
    """Prepaid credits of the caller's account; grants and reversals are the operator's, for any account."""

    async def GetBalance(
        self, request: billing.GetBalanceRequest, context: Context
    ) -> billing.GetBalanceResponse:
        balance = await self._balance(current_caller().account())
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
                expected_output_tokens=(
                    request.expected_output_tokens if request.HasField("expected_output_tokens") else None
                ),
                maximum_output_tokens=(
                    request.maximum_output_tokens if request.HasField("maximum_output_tokens") else None
                ),
                image_size=request.image_size,
                image_quality=request.image_quality,
            ),
            now=self._clock.now(),
        )
        return billing.QuoteResponse(quote=convert.quote_to_proto(quote))

    async def Grant(self, request: billing.GrantRequest, context: Context) -> billing.GrantResponse:
        begins, ends = request.HasField("effective_at"), request.HasField("expires_at")
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
            effective_at=convert.instant_from_proto(request.effective_at) if begins else None,
            expires_at=convert.instant_from_proto(request.expires_at) if ends else None,
            description=request.description,
            actor=current_caller().actor,
            now=self._clock.now(),
        )

    async def VoidGrant(
        self, request: billing.VoidGrantRequest, context: Context
    ) -> billing.VoidGrantResponse:
        return await self._transactions.run_once(
            credits.void_grant,
            request_id=request.request_id,
            scope="VoidGrant",
            request=request,
            response=billing.VoidGrantResponse,
            pack=_voided,
            account_id=request.account_id.lower(),
            grant_id=request.grant_id,
            actor=current_caller().actor,
            now=self._clock.now(),
        )

    async def ReverseCharge(
        self, request: billing.ReverseChargeRequest, context: Context
    ) -> billing.ReverseChargeResponse:
        return await self._transactions.run_once(
            credits.reverse_charge,
            request_id=request.request_id,
            scope="ReverseCharge",
            request=request,
            response=billing.ReverseChargeResponse,
            pack=_reversed,
            account_id=request.account_id.lower(),
            transaction_id=request.transaction_id,
            reason=request.reason,
            actor=current_caller().actor,
            now=self._clock.now(),
        )

    async def GetCreditSettings(
        self, request: billing.GetCreditSettingsRequest, context: Context
    ) -> billing.GetCreditSettingsResponse:
        threshold = await self._transactions.run(
            credits.get_low_threshold, account_id=current_caller().account()
        )
        return billing.GetCreditSettingsResponse(settings=_settings(threshold))

    async def PutCreditSettings(
        self, request: billing.PutCreditSettingsRequest, context: Context
    ) -> billing.PutCreditSettingsResponse:
        caller = current_caller()
        threshold = await self._transactions.run_repeatable(
            credits.put_low_threshold,
            account_id=caller.account(),
            low_threshold=request.low_threshold if request.HasField("low_threshold") else None,
            actor=caller.actor,
            now=self._clock.now(),
        )
        return billing.PutCreditSettingsResponse(settings=_settings(threshold))

    async def PutBudget(
        self, request: billing.PutBudgetRequest, context: Context
    ) -> billing.PutBudgetResponse:
        put = await self._transactions.run_repeatable(
            budgets.put_budget,
            account_id=current_caller().account(),
            scope=convert.budget_scope_from_proto(request.scope),
            target_id=request.target_id,
            credits_limit=request.credits_limit if request.HasField("credits_limit") else None,
            now=self._clock.now(),
        )
        return billing.PutBudgetResponse(budget=None if put is None else convert.budget_to_proto(put))


def _granted(result: tuple[CreditGrant, Balance]) -> billing.GrantResponse:
    grant, balance = result
    return billing.GrantResponse(
        grant=convert.grant_to_proto(grant), balance=convert.balance_to_proto(balance)
    )


def _voided(result: tuple[CreditGrant, Balance]) -> billing.VoidGrantResponse:
    grant, balance = result
    return billing.VoidGrantResponse(
        grant=convert.grant_to_proto(grant), balance=convert.balance_to_proto(balance)
    )


def _reversed(result: Reversed) -> billing.ReverseChargeResponse:
    return billing.ReverseChargeResponse(
        transaction=convert.transaction_to_proto(result.line),
        ended_credits=result.ended_credits,
        balance=convert.balance_to_proto(result.balance),
    )


def _settings(low_threshold: int | None) -> billing.CreditSettings:
    return billing.CreditSettings(
        low_threshold=LOW_THRESHOLD if low_threshold is None else low_threshold,
        is_usual=low_threshold is None,
    )
