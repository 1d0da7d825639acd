"""What cannot be is refused with the status and the reason of the catalogue, and the schema is the same to the byte."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from google.protobuf.message import Message
from igny8.billing import v1 as billing_proto

from chassis.errors import RemoteRefusal, meaning_of
from chassis.identity import Caller
from chassis.ids import new_id
from chassis.refusal import RequestInvalid
from chassis.testing.callers import operator, person, service
from chassis.wire_json import from_dict
from services.billing.domain.balance import InsufficientCredits
from services.billing.domain.quote import QUOTE_LIFETIME, Quote
from services.billing.domain.reservation import Reservation
from services.billing.domain.usage import CreditUsage
from services.billing.store import tables
from tests.billing.books import IMAGE_MODEL, TEXT_MODEL, Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome, patiently

MOST: Final = 2**63 - 1
PAID: Final = billing_proto.CreditGrant.CATEGORY_PAID
RUN: Final = billing_proto.Budget.SCOPE_RUN


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An account with a hold, a charge and a quote, and a stranger's account."""

    account: str
    stranger: str
    quote: Quote
    old_quote: Quote
    hold: Reservation
    paid: CreditUsage

    def item(self, **changes: Any) -> billing_proto.ChargedItem:
        terms = {
            "operation_type": "image_generation",
            "model_name": IMAGE_MODEL,
            "item_id": "an image",
            "images": 1,
        }
        return billing_proto.ChargedItem(**{**terms, **changes})

    def capture(self, **changes: Any) -> billing_proto.CaptureRequest:
        terms = {"reservation_id": self.hold.id, "item_id": "another image", "images": 1}
        return billing_proto.CaptureRequest(request_id="bad", **{**terms, **changes})

    def grant(self, **changes: Any) -> billing_proto.GrantRequest:
        terms = {"account_id": self.account, "amount": 5, "category": PAID}
        return billing_proto.GrantRequest(request_id="bad", **{**terms, **changes})

    def charge(self, **changes: Any) -> billing_proto.ChargeRequest:
        return billing_proto.ChargeRequest(request_id="bad", item=self.item(**changes))

    def reserve(self, **changes: Any) -> billing_proto.ReserveRequest:
        return billing_proto.ReserveRequest(request_id="bad", **{"quote_id": self.quote.id, **changes})

    def large(self) -> billing_proto.CaptureRequest:
        request = self.capture()
        request.metadata.update({"note": "x" * 5_000})
        return request


Ask = Callable[[Scene], Message]
AI: Final = "ai"
OPERATOR: Final = "operator"
OWNER: Final = "owner"
STRANGER: Final = "a service for a stranger"

CASES: Final[dict[str, tuple[str, Ask, str]]] = {
    "a grant of nothing": (OPERATOR, lambda s: s.grant(amount=0), "REQUEST_INVALID"),
    "a grant below zero": (OPERATOR, lambda s: s.grant(amount=-1), "REQUEST_INVALID"),
    "a grant that overflows": (OPERATOR, lambda s: s.grant(amount=MOST), "REQUEST_INVALID"),
    "a grant to nobody": (OPERATOR, lambda s: s.grant(account_id=new_id()), "NOT_FOUND"),
    "a grant to what is no id": (OPERATOR, lambda s: s.grant(account_id="me"), "REQUEST_INVALID"),
    "a grant without a request_id": (
        OPERATOR,
        lambda s: billing_proto.GrantRequest(account_id=s.account, amount=1, category=PAID),
        "REQUEST_INVALID",
    ),
    "a charge of no images": (AI, lambda s: s.charge(images=0), "REQUEST_INVALID"),
    "a charge below zero": (AI, lambda s: s.charge(images=-1), "REQUEST_INVALID"),
    "a charge that overflows": (AI, lambda s: s.charge(images=MOST), "REQUEST_INVALID"),
    "a charge for a cost below zero": (AI, lambda s: s.charge(provider_cost_usd="-1"), "REQUEST_INVALID"),
    "a charge for a cost that is no number": (
        AI,
        lambda s: s.charge(provider_cost_usd="NaN"),
        "REQUEST_INVALID",
    ),
    "a charge for a cost of too many places": (
        AI,
        lambda s: s.charge(provider_cost_usd="0.0000000000001"),
        "REQUEST_INVALID",
    ),
    "a charge with an unknown model": (AI, lambda s: s.charge(model_name="image"), "PRICE_NOT_FOUND"),
    "a charge of more than there is": (AI, lambda s: s.charge(images=1_000), "INSUFFICIENT_CREDITS"),
    "more cached tokens than tokens": (
        AI,
        lambda s: s.charge(model_name=TEXT_MODEL, images=0, input_tokens=1, cached_input_tokens=2),
        "REQUEST_INVALID",
    ),
    "a capture below zero": (AI, lambda s: s.capture(images=-1), "REQUEST_INVALID"),
    "a capture that overflows": (AI, lambda s: s.capture(images=MOST), "REQUEST_INVALID"),
    "a capture of tokens by images": (AI, lambda s: s.capture(images=0, input_tokens=5), "REQUEST_INVALID"),
    "a capture of more than was held": (
        AI,
        lambda s: s.capture(images=s.hold.amount + 1),
        "CAPTURE_EXCEEDS_RESERVATION",
    ),
    "a capture of no hold": (AI, lambda s: s.capture(reservation_id=new_id()), "NOT_FOUND"),
    "a capture of a stranger's hold": (STRANGER, lambda s: s.capture(), "NOT_FOUND"),
    "a capture with too much metadata": (AI, lambda s: s.large(), "REQUEST_INVALID"),
    "a hold of no quote": (AI, lambda s: s.reserve(quote_id=new_id()), "NOT_FOUND"),
    "a hold of a stranger's quote": (STRANGER, lambda s: s.reserve(), "NOT_FOUND"),
    "a hold of an expired quote": (AI, lambda s: s.reserve(quote_id=s.old_quote.id), "QUOTE_EXPIRED"),
    "a hold that lives below zero": (AI, lambda s: s.reserve(lifetime_seconds=-1), "REQUEST_INVALID"),
    "a hold that lives for ever": (AI, lambda s: s.reserve(lifetime_seconds=2**31 - 1), "REQUEST_INVALID"),
    "an extension by nothing": (
        AI,
        lambda s: billing_proto.ExtendRequest(request_id="bad", reservation_id=s.hold.id),
        "REQUEST_INVALID",
    ),
    "an extension of a stranger's hold": (
        STRANGER,
        lambda s: billing_proto.ExtendRequest(
            request_id="bad", reservation_id=s.hold.id, lifetime_seconds=60
        ),
        "NOT_FOUND",
    ),
    "a release of a stranger's hold": (
        STRANGER,
        lambda s: billing_proto.ReleaseRequest(reservation_id=s.hold.id),
        "NOT_FOUND",
    ),
    "a reversal of no charge": (
        OPERATOR,
        lambda s: billing_proto.ReverseChargeRequest(
            request_id="bad", account_id=s.account, transaction_id=new_id()
        ),
        "NOT_FOUND",
    ),
    "a reversal in a stranger's name": (
        OPERATOR,
        lambda s: billing_proto.ReverseChargeRequest(
            request_id="bad", account_id=s.stranger, transaction_id=s.paid.transaction_id
        ),
        "NOT_FOUND",
    ),
    "a budget below zero": (
        OWNER,
        lambda s: billing_proto.PutBudgetRequest(scope=RUN, target_id=new_id(), credits_limit=-1),
        "REQUEST_INVALID",
    ),
    "a budget that overflows": (
        OWNER,
        lambda s: billing_proto.PutBudgetRequest(scope=RUN, target_id=new_id(), credits_limit=MOST),
        "REQUEST_INVALID",
    ),
    "a quote of too many images": (
        AI,
        lambda s: billing_proto.QuoteRequest(
            operation_type="image_generation", model_name=IMAGE_MODEL, items=1, images=MOST
        ),
        "REQUEST_INVALID",
    ),
    "a quote of an unknown model": (
        AI,
        lambda s: billing_proto.QuoteRequest(
            operation_type="image_generation", model_name="an-image", items=1, images=1
        ),
        "PRICE_NOT_FOUND",
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_cannot_be_is_refused_and_nothing_is_changed(
    calls: Calls, billing: Billing, case: str
) -> None:
    scene = _scene(billing)
    who, ask, reason = CASES[case]
    request = ask(scene)
    method = type(request).__name__.removesuffix("Request")
    before = _dump(billing)

    with pytest.raises(RemoteRefusal) as refused:
        await getattr(calls.credits(_caller(who, scene)), method)(request)

    assert (refused.value.reason, refused.value.code) == (reason, meaning_of(reason).code)
    assert _dump(billing) == before


@pytest.mark.parametrize("amount", [1.5, "1.5", 1e30, "a lot", True, float("nan")])
def test_an_amount_that_is_no_whole_number_is_no_request(amount: object) -> None:
    with pytest.raises(RequestInvalid, match="amount"):
        from_dict(billing_proto.GrantRequest, {"amount": amount})


async def test_of_500_holds_at_once_on_a_balance_for_100_exactly_100_are_made(
    calls: Calls, billing: Billing
) -> None:
    billing.price()
    account = billing.account(credits=100)
    quote = billing.quote(account, images=1)
    stub = calls.credits(service(account_id=account))

    async def reserve() -> str:
        request = billing_proto.ReserveRequest(request_id=new_id(), quote_id=quote.id)
        return await outcome(patiently(stub.Reserve, request))

    outcomes = await asyncio.gather(*[reserve() for _ in range(500)])

    assert outcomes.count("") == 100
    assert outcomes.count(InsufficientCredits.reason) == 400
    assert billing.balance(account).available == 0
    billing.check_books()


def _scene(billing: Billing) -> Scene:
    billing.price()
    billing.text_price()
    account = billing.account(credits=50)
    old_quote = billing.quote(account, images=1)
    billing.clock.set(billing.clock.now() + QUOTE_LIFETIME + timedelta(seconds=1))
    return Scene(
        account=account,
        stranger=billing.account(credits=50),
        quote=billing.quote(account, images=1),
        old_quote=old_quote,
        hold=billing.reserve(account, images=2),
        paid=billing.charge(account, images=1),
    )


def _caller(who: str, scene: Scene) -> Caller:
    callers = {
        AI: service(account_id=scene.account),
        OPERATOR: operator(),
        OWNER: person(account_id=scene.account),
        STRANGER: service(account_id=scene.stranger),
    }
    return callers[who]


def _dump(billing: Billing) -> dict[str, list[str]]:
    """Every row of the schema as its text, by table."""
    return {
        table.name: sorted(row.line for row in billing.rows(f'SELECT t::text AS line FROM "{table.name}" t'))
        for table in tables.metadata.sorted_tables
    }
