"""Lists and sums of an account's credits over gRPC: in pages, filtered, exact."""

import csv
import io
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from igny8.billing import v1 as billing_proto

from chassis.identity import Role
from chassis.testing.callers import person
from services.billing.convert import instant_to_proto
from tests.billing.books import Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome


async def test_the_ledger_comes_page_by_page_newest_first(calls: Calls, billing: Billing) -> None:
    account = billing.account()
    for amount in (1, 2, 3, 4, 5):
        billing.grant(account, amount=amount)
    viewer = calls.credits(person(Role.VIEWER, account_id=account))

    pages = [await viewer.ListTransactions(billing_proto.ListTransactionsRequest(page_size=2))]
    while pages[-1].next_page_token:
        pages.append(
            await viewer.ListTransactions(
                billing_proto.ListTransactionsRequest(page_size=2, page_token=pages[-1].next_page_token)
            )
        )

    assert [[line.amount for line in page.transactions] for page in pages] == [[5, 4], [3, 2], [1]]


async def test_a_page_token_of_another_list_is_refused(calls: Calls, billing: Billing) -> None:
    account = billing.account()
    for amount in (1, 2):
        billing.grant(account, amount=amount)
    viewer = calls.credits(person(account_id=account))
    page = await viewer.ListTransactions(billing_proto.ListTransactionsRequest(page_size=1))

    asked = viewer.ListGrants(billing_proto.ListGrantsRequest(page_token=page.next_page_token))

    assert await outcome(asked) == "PAGE_TOKEN_INVALID"


async def test_the_ledger_can_be_filtered_by_type(calls: Calls, billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=5)
    billing.reserve(account, images=1)

    listed = await calls.credits(person(account_id=account)).ListTransactions(
        billing_proto.ListTransactionsRequest(transaction_type=billing_proto.CreditTransaction.TYPE_HOLD)
    )

    assert [(line.amount, line.reserved_amount) for line in listed.transactions] == [(0, 1)]


async def test_reservations_can_be_filtered_by_status(calls: Calls, billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=5)
    billing.release(billing.reserve(account, images=1))
    active = billing.reserve(account, images=1)

    listed = await calls.credits(person(account_id=account)).ListReservations(
        billing_proto.ListReservationsRequest(status=billing_proto.Reservation.STATUS_ACTIVE)
    )

    assert [reservation.id for reservation in listed.reservations] == [active.id]


async def test_usage_can_be_filtered_by_operation(calls: Calls, billing: Billing) -> None:
    account = _account_with_usage(billing)

    listed = await calls.credits(person(account_id=account)).ListUsage(
        billing_proto.ListUsageRequest(operation_type="content_generation")
    )

    assert [(usage.credits_used, usage.cost_usd) for usage in listed.usage] == [(8, "0.00045")]


async def test_usage_can_be_filtered_by_the_reservation_it_was_captured_from(
    calls: Calls, billing: Billing
) -> None:
    billing.price()
    account = billing.account(credits=50)
    wanted, other = (billing.reserve(account, images=2) for _ in range(2))
    for reservation, item in ((wanted, "a"), (other, "b"), (wanted, "c")):
        billing.capture(reservation, item_id=item, images=1)

    listed = await calls.credits(person(account_id=account)).ListUsage(
        billing_proto.ListUsageRequest(reservation_id=wanted.id)
    )

    assert [usage.item_id for usage in listed.usage] == ["c", "a"]


@pytest.mark.parametrize(
    ("group_by", "keys"),
    [
        ("GROUP_BY_UNSPECIFIED", ["image_generation", "content_generation"]),
        ("GROUP_BY_MODEL_NAME", ["an-image-model", "a-text-model"]),
        ("GROUP_BY_DAY", ["2026-11-02", "2026-11-03"]),
        ("GROUP_BY_SITE_ID", [""]),
    ],
)
async def test_usage_is_summed_up_by_what_is_asked(
    calls: Calls, billing: Billing, group_by: str, keys: list[str]
) -> None:
    account = _account_with_usage(billing)

    summary = await calls.credits(person(account_id=account)).SummarizeUsage(
        billing_proto.SummarizeUsageRequest(
            group_by=billing_proto.SummarizeUsageRequest.GroupBy.Value(group_by)
        )
    )

    assert [group.key for group in summary.groups] == keys
    assert sum(group.credits_used for group in summary.groups) == 18


async def test_sums_are_exact_to_the_last_digit(calls: Calls, billing: Billing) -> None:
    account = _account_with_usage(billing)

    summary = await calls.credits(person(account_id=account)).SummarizeUsage(
        billing_proto.SummarizeUsageRequest()
    )

    images = summary.groups[0]
    assert (images.count, images.credits_used) == (2, 10)
    assert (images.cost_usd, images.credit_value_usd, images.margin_usd) == ("0.002", "0.1", "0.098")


@pytest.mark.parametrize("group_by", ["OPERATION_TYPE", "MODEL_NAME", "SITE_ID", "DAY"])
async def test_what_was_given_back_is_in_no_sum_and_its_cost_stays(
    calls: Calls, billing: Billing, group_by: str
) -> None:
    billing.price(credits_per_image=5)
    account = billing.account(credits=100)
    kept, back = (billing.charge(account, images=1) for _ in range(2))
    billing.clock.advance(days=1)
    billing.reverse(back)

    summary = await calls.credits(person(account_id=account)).SummarizeUsage(
        billing_proto.SummarizeUsageRequest(
            group_by=billing_proto.SummarizeUsageRequest.GroupBy.Value(f"GROUP_BY_{group_by}")
        )
    )

    (group,) = summary.groups
    assert (group.count, group.credits_used, group.credits_reversed) == (2, kept.credits_used, 5)
    assert (group.credit_value_usd, group.cost_usd, group.margin_usd) == ("0.05", "0.002", "0.048")
    assert 100 - billing.balance(account).credits == group.credits_used


@pytest.mark.parametrize("group_by", ["OPERATION_TYPE", "MODEL_NAME", "SITE_ID", "DAY"])
async def test_sums_lists_and_the_file_are_one_to_one_with_the_captures(
    calls: Calls, billing: Billing, group_by: str
) -> None:
    account = _account_with_usage(billing)
    billing.reverse(billing.charge(account, images=2))
    viewer = calls.credits(person(account_id=account))

    summary = await viewer.SummarizeUsage(
        billing_proto.SummarizeUsageRequest(
            group_by=billing_proto.SummarizeUsageRequest.GroupBy.Value(f"GROUP_BY_{group_by}")
        )
    )
    listed = await viewer.ListUsage(billing_proto.ListUsageRequest(page_size=100))
    file = b"".join([part.file.data async for part in viewer.ExportUsage(billing_proto.ExportUsageRequest())])

    rows = list(csv.DictReader(io.StringIO(file.decode())))
    deductions = [line for line in billing.lines(account) if line.transaction_type == "deduction"]
    assert {row["transaction_id"] for row in rows} == {line.id for line in deductions}
    assert len(rows) == len(listed.usage) == sum(group.count for group in summary.groups) == len(deductions)
    assert sum(int(row["credits_used"]) - int(row["credits_reversed"]) for row in rows) == sum(
        group.credits_used for group in summary.groups
    )
    assert sum(Decimal(row["margin_usd"]) for row in rows) == sum(
        Decimal(group.margin_usd) for group in summary.groups
    )


async def test_a_summary_has_its_begin_and_not_its_end(calls: Calls, billing: Billing) -> None:
    begin = billing.clock.now()
    account = _account_with_usage(billing)

    summary = await calls.credits(person(account_id=account)).SummarizeUsage(
        _summary(begin, billing.clock.now())
    )

    assert [group.key for group in summary.groups] == ["image_generation"]


async def test_a_summary_does_not_end_before_it_begins(calls: Calls, billing: Billing) -> None:
    now = billing.clock.now()
    stub = calls.credits(person(account_id=billing.account()))

    asked = stub.SummarizeUsage(_summary(now, now - timedelta(seconds=1)))

    assert await outcome(asked) == "REQUEST_INVALID"


def _summary(begin: datetime, end: datetime) -> billing_proto.SummarizeUsageRequest:
    request = billing_proto.SummarizeUsageRequest(to=instant_to_proto(end))
    # `from` is a word of Python's own.
    getattr(request, "from").CopyFrom(instant_to_proto(begin))
    return request


def _account_with_usage(billing: Billing) -> str:
    """An account with two images on Monday and an article on Tuesday."""
    billing.price(credits_per_image=5)
    billing.text_price(tokens_per_credit=100)
    account = billing.account(credits=100)
    images = billing.reserve(account, images=2)
    billing.capture(images, item_id="first", images=1)
    billing.capture(images, item_id="second", images=1, final=True)
    billing.clock.advance(days=1)
    billing.capture(billing.reserve(account, tokens=1000), input_tokens=750, output_tokens=50, final=True)
    return account
