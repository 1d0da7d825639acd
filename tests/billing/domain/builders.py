"""Nouns of billing for pure tests; each fills in what the test does not care about."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from services.billing.domain.balance import Balance
from services.billing.domain.book import AccountBook
from services.billing.domain.grant import Category, CreditGrant
from services.billing.domain.item import Item
from services.billing.domain.price import ImageVariant, Kind, ModelPrice
from services.billing.domain.reservation import LIFETIME, Reservation
from services.billing.domain.work import Work

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
_numbers = count(1)


def an_id() -> str:
    """An id greater than all before it."""
    return f"{next(_numbers):012d}"


def a_grant(**changes: Any) -> CreditGrant:
    amount = changes.get("amount", 100)
    terms = {
        "id": an_id(),
        "account_id": "account",
        "category": Category.PAID,
        "amount": amount,
        "remaining": amount,
        "created_at": NOW,
    }
    return CreditGrant(**{**terms, **changes})


def a_reservation(**changes: Any) -> Reservation:
    terms = {
        "id": an_id(),
        "account_id": "account",
        "quote_id": "quote",
        "operation_type": "image_generation",
        "model_name": "an-image-model",
        "price_id": "price",
        "credit_price_usd": Decimal("0.01"),
        "minimum_credits": 1,
        "amount": 10,
        "expires_at": NOW + LIFETIME,
        "created_at": NOW,
    }
    return Reservation(**{**terms, **changes})


def an_image_price(**changes: Any) -> ModelPrice:
    terms = {
        "id": "price",
        "model_name": "an-image-model",
        "provider": "offline",
        "kind": Kind.IMAGE,
        "cost_per_image": Decimal("0.001"),
        "credits_per_image": 1,
        "effective_from": NOW,
        "created_at": NOW,
        "created_by": "operator:test",
    }
    return ModelPrice(**{**terms, **changes})


def a_text_price(**changes: Any) -> ModelPrice:
    terms = {
        "model_name": "a-text-model",
        "kind": Kind.TEXT,
        "cost_per_image": Decimal(0),
        "credits_per_image": 0,
        "tokens_per_credit": 100,
    }
    return an_image_price(**{**terms, **changes})


def a_variant(**changes: Any) -> ImageVariant:
    terms = {
        "size": "1024x1024",
        "quality": "low",
        "cost_per_image": Decimal("0.0005"),
        "credits_per_image": 1,
    }
    return ImageVariant(**{**terms, **changes})


def a_book(*grants: CreditGrant, now: datetime = NOW) -> AccountBook:
    """The open book of an account with these grants, granted by the book itself."""
    book = AccountBook(
        balance=Balance.empty("account", now=NOW),
        grants={},
        held={},
        actor="service:ai",
        now=now,
        new_id=an_id,
    )
    for grant in grants:
        book.grant(grant)
    return book


def an_item(work: Work, **changes: Any) -> Item:
    return Item(item_id=an_id(), work=work, **changes)


def later(**span: float) -> datetime:
    return NOW + timedelta(**span)
