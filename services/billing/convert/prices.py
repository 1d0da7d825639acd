"""Between prices, the billing configuration and their messages."""

from datetime import datetime
from decimal import Decimal

from igny8.billing import v1 as billing

from services.billing.convert.values import (
    instant_from_proto,
    instant_to_proto,
    money_from_proto,
    money_to_proto,
)
from services.billing.domain.configuration import BillingConfiguration
from services.billing.domain.price import ImageVariant, Kind, ModelPrice


def price_to_proto(price: ModelPrice) -> billing.ModelPrice:
    return billing.ModelPrice(
        id=price.id,
        model_name=price.model_name,
        provider=price.provider,
        kind=billing.ModelPrice.Kind.Value(f"KIND_{price.kind.name}"),
        cost_per_1k_input=money_to_proto(price.cost_per_1k_input),
        cost_per_1k_output=money_to_proto(price.cost_per_1k_output),
        cost_per_image=money_to_proto(price.cost_per_image),
        tokens_per_credit=price.tokens_per_credit,
        credits_per_image=price.credits_per_image,
        effective_from=instant_to_proto(price.effective_from),
        is_active=price.is_active,
        source=price.source,
        cost_per_1k_cached_input=_maybe(price.cost_per_1k_cached_input),
        cost_per_1k_reasoning=_maybe(price.cost_per_1k_reasoning),
        weight_cached_input=_maybe(price.weight_cached_input),
        weight_output=_maybe(price.weight_output),
        weight_reasoning=_maybe(price.weight_reasoning),
        image_variants=[
            billing.ImageVariant(
                size=variant.size,
                quality=variant.quality,
                cost_per_image=money_to_proto(variant.cost_per_image),
                credits_per_image=variant.credits_per_image,
            )
            for variant in price.image_variants
        ],
    )


def price_from_proto(
    request: billing.PutModelPriceRequest, *, id: str, created_by: str, now: datetime
) -> ModelPrice:
    """The version a request asks for, in force from now on where it names no instant."""
    begins = request.HasField("effective_from")
    return ModelPrice(
        id=id,
        model_name=request.model_name,
        provider=request.provider,
        kind=Kind[billing.ModelPrice.Kind.Name(request.kind).removeprefix("KIND_")],
        cost_per_1k_input=money_from_proto(request.cost_per_1k_input),
        cost_per_1k_output=money_from_proto(request.cost_per_1k_output),
        cost_per_image=money_from_proto(request.cost_per_image),
        tokens_per_credit=request.tokens_per_credit,
        credits_per_image=request.credits_per_image,
        effective_from=instant_from_proto(request.effective_from) if begins else now,
        source=request.source,
        created_at=now,
        created_by=created_by,
        cost_per_1k_cached_input=_money(request.cost_per_1k_cached_input),
        cost_per_1k_reasoning=_money(request.cost_per_1k_reasoning),
        weight_cached_input=_money(request.weight_cached_input),
        weight_output=_money(request.weight_output),
        weight_reasoning=_money(request.weight_reasoning),
        image_variants=tuple(
            ImageVariant(
                size=variant.size,
                quality=variant.quality,
                cost_per_image=money_from_proto(variant.cost_per_image),
                credits_per_image=variant.credits_per_image,
            )
            for variant in sorted(request.image_variants, key=lambda one: (one.size, one.quality))
        ),
    )


def _maybe(amount: Decimal | None) -> str:
    return "" if amount is None else money_to_proto(amount)


def _money(text: str) -> Decimal | None:
    return money_from_proto(text) if text else None


def kind_from_proto(kind: billing.ModelPrice.Kind.ValueType) -> Kind | None:
    """None for the unset value, which lists everything."""
    return Kind[billing.ModelPrice.Kind.Name(kind).removeprefix("KIND_")] if kind else None


def configuration_to_proto(configuration: BillingConfiguration) -> billing.BillingConfiguration:
    return billing.BillingConfiguration(
        default_credit_price_usd=money_to_proto(configuration.default_credit_price_usd),
        minimum_credits=configuration.minimum_credits,
        effective_from=instant_to_proto(configuration.effective_from),
    )
