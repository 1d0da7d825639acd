"""Prices of models and the billing configuration: versions are added, the latest whose time has come holds."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from chassis.ids import new_id
from chassis.paging import Page, PageRequest
from chassis.refusal import AlreadyExists, FieldFault, RequestInvalid
from services.billing.domain.configuration import BillingConfiguration
from services.billing.domain.price import Kind, ModelPrice, in_force
from services.billing.store.transaction import BillingTransaction


def put_model_price(tx: BillingTransaction, *, price: ModelPrice, now: datetime) -> ModelPrice:
    """Adds a version of a model's price, unless the one that would hold at that time says the same.

    Raises RequestInvalid for terms that cannot be or an instant in the past, and AlreadyExists where another
    version comes into force at the same instant.
    """
    price.check()
    tx.prices.lock(price.model_name)
    versions = tx.prices.versions(price.model_name)
    holding = in_force(versions, now=price.effective_from)
    if holding is not None and holding.is_same(price):
        current = in_force(versions, now=now)
        return replace(holding, is_active=current is not None and current.id == holding.id)
    if price.effective_from < now:
        raise RequestInvalid(FieldFault("effective_from", "must not lie in the past"))
    if any(version.effective_from == price.effective_from for version in versions):
        raise AlreadyExists(
            kind="model_price", field="effective_from", value=price.effective_from.isoformat()
        )
    tx.prices.add(price)
    tx.prices.mark_in_force(now=now, model_name=price.model_name)
    return replace(price, is_active=price.effective_from <= now)


def list_models(
    tx: BillingTransaction, *, kind: Kind | None, page: PageRequest, now: datetime
) -> Page[ModelPrice]:
    """The version in force of each model, by name."""
    prices = tx.prices.all_in_force(now=now, kind=kind, page=page)
    return prices.map(lambda price: replace(price, is_active=True))


def get_billing_configuration(tx: BillingTransaction, *, now: datetime) -> BillingConfiguration:
    """The version in force."""
    return tx.configurations.in_force(now=now)


def put_billing_configuration(
    tx: BillingTransaction,
    *,
    default_credit_price_usd: Decimal,
    minimum_credits: Mapping[str, int],
    actor: str,
    now: datetime,
) -> BillingConfiguration:
    """Puts a version in force, unless the one that holds says the same. Raises RequestInvalid."""
    wanted = BillingConfiguration(
        default_credit_price_usd=default_credit_price_usd,
        minimum_credits=dict(minimum_credits),
        effective_from=now,
    ).check()
    holding = tx.configurations.in_force(now=now)
    if replace(holding, effective_from=now) == wanted:
        return holding
    tx.configurations.add(wanted, id=new_id(), created_by=actor)
    return wanted
