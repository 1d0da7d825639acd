"""Staying signed in: refresh tokens work once, and one that comes back after seconds signs everybody out."""

import asyncio
from datetime import timedelta

import pytest
from igny8.billing import v1 as billing_proto

from chassis.testing.callers import service
from services.billing.convert import instant_from_proto
from services.billing.scheduler import Sweeper
from tests.billing.books import Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome
from tests.billing.servicers.people import exchange, refresh, sign_in, sign_up


async def test_a_refresh_token_gives_the_next_pair(calls: Calls, billing: Billing) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    billing.clock.advance(minutes=11)

    renewed = await calls.accounts().Refresh(refresh(joined.refresh_token))

    me = await calls.accounts(renewed.access_token).GetMe(billing_proto.GetMeRequest())
    assert me.user == joined.user
    assert renewed.refresh_token not in ("", joined.refresh_token)
    assert instant_from_proto(renewed.expires_at) == billing.clock.now() + timedelta(minutes=10)
    assert instant_from_proto(renewed.refresh_token_expires_at) == billing.clock.now() + timedelta(days=30)


async def test_a_token_that_comes_back_later_signs_its_session_out(calls: Calls, billing: Billing) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    renewed = await calls.accounts().Refresh(refresh(joined.refresh_token))
    billing.clock.advance(seconds=11)

    again = await outcome(calls.accounts().Refresh(refresh(joined.refresh_token)))
    newest = await outcome(calls.accounts().Refresh(refresh(renewed.refresh_token)))

    assert (again, newest) == ("CREDENTIALS_REFUSED", "CREDENTIALS_REFUSED")


async def test_a_token_that_comes_back_at_once_gets_the_same_successor(
    calls: Calls, billing: Billing
) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    first = await calls.accounts().Refresh(refresh(joined.refresh_token))
    billing.clock.advance(seconds=10)

    again = await calls.accounts().Refresh(refresh(joined.refresh_token))

    assert again.refresh_token == first.refresh_token
    assert again.refresh_token_expires_at == first.refresh_token_expires_at
    assert calls.verified(again.access_token) == calls.verified(first.access_token)
    assert billing.rows("SELECT count(*) FROM refresh_token") == [(2,)]


async def test_a_token_whose_successor_was_exchanged_too_signs_its_session_out_at_once(calls: Calls) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    second = await calls.accounts().Refresh(refresh(joined.refresh_token))
    third = await calls.accounts().Refresh(refresh(second.refresh_token))

    again = await outcome(calls.accounts().Refresh(refresh(joined.refresh_token)))

    assert again == "CREDENTIALS_REFUSED"
    assert await outcome(calls.accounts().Refresh(refresh(third.refresh_token))) == "CREDENTIALS_REFUSED"


async def test_a_thief_who_is_quick_is_met_at_the_next_exchange(calls: Calls, billing: Billing) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    owners = await calls.accounts().Refresh(refresh(joined.refresh_token))
    thiefs = await calls.accounts().Refresh(refresh(joined.refresh_token))
    billing.clock.advance(minutes=5)
    taken = await calls.accounts().Refresh(refresh(thiefs.refresh_token))
    billing.clock.advance(minutes=5)

    assert await outcome(calls.accounts().Refresh(refresh(owners.refresh_token))) == "CREDENTIALS_REFUSED"
    assert await outcome(calls.accounts().Refresh(refresh(taken.refresh_token))) == "CREDENTIALS_REFUSED"


async def test_a_session_that_was_signed_out_gives_nobody_a_successor_again(calls: Calls) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    renewed = await calls.accounts().Refresh(refresh(joined.refresh_token))
    await calls.accounts().SignOut(billing_proto.SignOutRequest(refresh_token=renewed.refresh_token))

    assert await outcome(calls.accounts().Refresh(refresh(joined.refresh_token))) == "CREDENTIALS_REFUSED"


async def test_a_stolen_token_does_not_touch_the_persons_other_sessions(
    calls: Calls, billing: Billing
) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    elsewhere = await calls.accounts().SignIn(sign_in())
    await calls.accounts().Refresh(refresh(joined.refresh_token))
    billing.clock.advance(seconds=11)
    await outcome(calls.accounts().Refresh(refresh(joined.refresh_token)))

    assert await outcome(calls.accounts().Refresh(refresh(elsewhere.refresh_token))) == ""


async def test_of_many_who_exchange_one_token_at_once_all_get_the_same_successor(
    calls: Calls, billing: Billing
) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    stub = calls.accounts()

    answers = await asyncio.gather(*(stub.Refresh(refresh(joined.refresh_token)) for _ in range(12)))

    (successor,) = {answer.refresh_token for answer in answers}
    assert await outcome(stub.Refresh(refresh(successor))) == ""
    assert billing.rows("SELECT count(*) FROM refresh_token WHERE rotated_at IS NULL") == [(1,)]


async def test_who_stays_away_for_thirty_days_is_signed_out(calls: Calls, billing: Billing) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    billing.clock.advance(days=30)

    assert await outcome(calls.accounts().Refresh(refresh(joined.refresh_token))) == "CREDENTIALS_REFUSED"


async def test_who_comes_back_in_time_stays_signed_in_beyond_thirty_days(
    calls: Calls, billing: Billing
) -> None:
    token = (await calls.accounts().SignUp(sign_up())).refresh_token
    billing.clock.advance(days=29)
    token = (await calls.accounts().Refresh(refresh(token))).refresh_token
    billing.clock.advance(days=29)

    assert await outcome(calls.accounts().Refresh(refresh(token))) == ""


async def test_signing_out_ends_the_session_with_any_of_its_tokens(calls: Calls) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    renewed = await calls.accounts().Refresh(refresh(joined.refresh_token))

    await calls.accounts().SignOut(billing_proto.SignOutRequest(refresh_token=joined.refresh_token))

    assert await outcome(calls.accounts().Refresh(refresh(renewed.refresh_token))) == "CREDENTIALS_REFUSED"


@pytest.mark.parametrize("times", [1, 2])
async def test_signing_out_again_is_a_quiet_success(calls: Calls, times: int) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    request = billing_proto.SignOutRequest(refresh_token=joined.refresh_token)
    await calls.accounts().SignOut(request)

    assert await outcome(calls.accounts().SignOut(request)) == ""
    assert (
        await outcome(
            calls.accounts().SignOut(billing_proto.SignOutRequest(refresh_token="igny8r_" + "x" * 43))
        )
        == ""
    )


@pytest.mark.parametrize("token", ["igny8r_" + "x" * 43, "nonsense", "igny8_" + "x" * 43])
async def test_a_token_nobody_was_given_is_refused(calls: Calls, token: str) -> None:
    assert await outcome(calls.accounts().Refresh(refresh(token))) == "CREDENTIALS_REFUSED"


async def test_an_access_token_is_no_refresh_token(calls: Calls) -> None:
    joined = await calls.accounts().SignUp(sign_up())

    # It is longer than any refresh token.
    assert await outcome(calls.accounts().Refresh(refresh(joined.access_token))) == "REQUEST_INVALID"


async def test_the_gateway_exchanges_a_sessions_token_without_rotating_it(
    calls: Calls, billing: Billing
) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    gateway = calls.accounts(service("gateway", account_id=None))

    first = await gateway.ExchangeSession(exchange(joined.refresh_token))
    again = await gateway.ExchangeSession(exchange(joined.refresh_token))

    assert calls.verified(first.access_token) == calls.verified(joined.access_token)
    assert calls.verified(again.access_token) == calls.verified(joined.access_token)
    assert instant_from_proto(first.expires_at) == billing.clock.now() + timedelta(minutes=10)


async def test_a_token_exchanged_for_the_gateway_ends_with_its_session(
    calls: Calls, billing: Billing
) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    billing.clock.advance(days=30, minutes=-3)
    gateway = calls.accounts(service("gateway", account_id=None))

    made = await gateway.ExchangeSession(exchange(joined.refresh_token))
    billing.clock.advance(minutes=3)

    assert instant_from_proto(made.expires_at) == billing.clock.now()
    assert await outcome(gateway.ExchangeSession(exchange(joined.refresh_token))) == "CREDENTIALS_REFUSED"


async def test_a_token_that_was_refreshed_is_a_session_for_seconds_and_asking_later_does_not_end_the_new_one(
    calls: Calls, billing: Billing
) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    gateway = calls.accounts(service("gateway", account_id=None))
    renewed = await calls.accounts().Refresh(refresh(joined.refresh_token))

    soon = await outcome(gateway.ExchangeSession(exchange(joined.refresh_token)))
    billing.clock.advance(seconds=11)
    late = await outcome(gateway.ExchangeSession(exchange(joined.refresh_token)))

    assert (soon, late) == ("", "CREDENTIALS_REFUSED")
    assert await outcome(gateway.ExchangeSession(exchange(renewed.refresh_token))) == ""


async def test_a_session_that_was_signed_out_or_never_was_is_not_exchanged(calls: Calls) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    gateway = calls.accounts(service("gateway", account_id=None))
    await calls.accounts().SignOut(billing_proto.SignOutRequest(refresh_token=joined.refresh_token))

    refused = [
        await outcome(gateway.ExchangeSession(exchange(token)))
        for token in (joined.refresh_token, "igny8r_" + "x" * 43, joined.access_token[:200])
    ]

    assert refused == ["CREDENTIALS_REFUSED"] * 3


async def test_nobody_but_a_service_exchanges_a_session(calls: Calls) -> None:
    joined = await calls.accounts().SignUp(sign_up())

    by_owner = await outcome(
        calls.accounts(joined.access_token).ExchangeSession(exchange(joined.refresh_token))
    )

    assert by_owner == "PERMISSION_DENIED"


async def test_expired_sessions_and_tokens_are_forgotten_and_others_stay(
    calls: Calls, billing: Billing
) -> None:
    await calls.accounts().SignUp(sign_up())
    await outcome(calls.accounts().SignIn(sign_in(password="wrong")))
    billing.clock.advance(days=29)
    kept = await calls.accounts().SignIn(sign_in())
    billing.clock.advance(days=1)

    await Sweeper(billing.transactions, billing.clock, every_seconds=5).sweep()

    counts = "SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM refresh_token)"
    assert billing.rows(counts) == [(1, 1)]
    assert billing.rows("SELECT count(*) FROM sign_in_count") == [(0,)]
    assert await outcome(calls.accounts().Refresh(refresh(kept.refresh_token))) == ""
