"""PricingService: prices of models and the billing configuration."""

from igny8.billing import v1 as billing

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.ids import new_id
from chassis.paging import PageRequest
from chassis.transaction import Transactions
from services.billing.convert import (
    configuration_to_proto,
    kind_from_proto,
    money_from_proto,
    price_from_proto,
    price_to_proto,
)
from services.billing.servicers import Context
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases import prices


class PricingServicer(billing.PricingServiceServicer):
    """Everybody reads prices; only the operator adds versions."""

    def __init__(self, transactions: Transactions[BillingTransaction], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def ListModels(
        self, request: billing.ListModelsRequest, context: Context
    ) -> billing.ListModelsResponse:
        page = await self._transactions.run(
            prices.list_models,
            kind=kind_from_proto(request.kind),
            page=PageRequest.of(request),
            now=self._clock.now(),
        )
        return billing.ListModelsResponse(
            models=map(price_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def PutModelPrice(
        self, request: billing.PutModelPriceRequest, context: Context
    ) -> billing.PutModelPriceResponse:
        now = self._clock.now()
        price = price_from_proto(request, id=new_id(), created_by=current_caller().actor, now=now)
        put = await self._transactions.run_repeatable(prices.put_model_price, price=price, now=now)
        return billing.PutModelPriceResponse(model=price_to_proto(put))

    async def GetBillingConfiguration(
        self, request: billing.GetBillingConfigurationRequest, context: Context
    ) -> billing.GetBillingConfigurationResponse:
        configuration = await self._transactions.run(prices.get_billing_configuration, now=self._clock.now())
        return billing.GetBillingConfigurationResponse(configuration=configuration_to_proto(configuration))

    async def PutBillingConfiguration(
        self, request: billing.PutBillingConfigurationRequest, context: Context
    ) -> billing.PutBillingConfigurationResponse:
        configuration = await self._transactions.run_repeatable(
            prices.put_billing_configuration,
            default_credit_price_usd=money_from_proto(request.default_credit_price_usd),
            minimum_credits=dict(request.minimum_credits),
            actor=current_caller().actor,
            now=self._clock.now(),
        )
        return billing.PutBillingConfigurationResponse(configuration=configuration_to_proto(configuration))
