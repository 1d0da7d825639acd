"""Guessing passwords: few attempts, no hint whether a person is known, nobody locked out for the rest."""

import asyncio

import pytest
from igny8.billing import v1 as billing_proto

from chassis.errors import RemoteRefusal
from tests.billing.books import Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome
from tests.billing.servicers.people import EMAIL, client_at, sign_in, sign_up
from tests.billing.test_passwords import verifications

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


async def _fail(calls: Calls, times: int, *, email: str = EMAIL, address: str = HOME) -> list[str]:
    """How so many attempts with a wrong password end."""
    stub = calls.accounts(client_at(address))
    return [await outcome(stub.SignIn(sign_in(email, "a wrong password"))) for _ in range(times)]


def _has_failed(billing: Billing, times: int) -> None:
    """As if every count had so many attempts already."""
    with billing.transactions.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE sign_in_count SET attempts = {times:d}")


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
async def test_after_ten_failures_even_the_right_password_has_to_wait(calls: Calls, email: str) -> None:
    await calls.accounts().SignUp(sign_up())
    failures = await _fail(calls, 10, email=email)

    with pytest.raises(RemoteRefusal) as refused:
        await calls.accounts(client_at(HOME)).SignIn(sign_in(email))

    assert set(failures) == {"CREDENTIALS_REFUSED"}
    assert refused.value.reason == "RATE_LIMITED"
    assert refused.value.message == "Too many attempts to sign in. Try again in 15 minutes."
    assert refused.value.retry_after_seconds == 900


async def test_a_refused_attempt_costs_no_hash_and_does_not_prolong_the_wait(
    calls: Calls, billing: Billing
) -> None:
    await calls.accounts().SignUp(sign_up())
    await _fail(calls, 10)
    before = verifications()
    billing.clock.advance(minutes=14)

    assert await _fail(calls, 3) == ["RATE_LIMITED"] * 3
    billing.clock.advance(minutes=1)

    assert verifications() == before
    assert await outcome(calls.accounts(client_at(HOME)).SignIn(sign_in())) == ""


async def test_the_person_gets_in_from_elsewhere_meanwhile(calls: Calls) -> None:
    await calls.accounts().SignUp(sign_up())
    await _fail(calls, 10)

    assert await outcome(calls.accounts(client_at(ELSEWHERE)).SignIn(sign_in())) == ""


async def test_others_get_in_from_the_same_address_meanwhile(calls: Calls) -> None:
    await calls.accounts().SignUp(sign_up())
    await _fail(calls, 10, email="nobody@example.com")

    assert await outcome(calls.accounts(client_at(HOME)).SignIn(sign_in())) == ""


async def test_a_success_forgets_the_persons_failures(calls: Calls) -> None:
    await calls.accounts().SignUp(sign_up())
    await _fail(calls, 9)
    await calls.accounts(client_at(HOME)).SignIn(sign_in())

    assert await _fail(calls, 10) == ["CREDENTIALS_REFUSED"] * 10


async def test_a_success_of_one_person_does_not_help_an_address_that_tries_many(
    calls: Calls, billing: Billing
) -> None:
    await calls.accounts().SignUp(sign_up())
    await _fail(calls, 1, email="nobody@example.com")
    _has_failed(billing, 99)
    await calls.accounts(client_at(HOME)).SignIn(sign_in())

    ends = [*await _fail(calls, 1, email="ben@example.com"), *await _fail(calls, 1, email="cy@example.com")]

    assert ends == ["CREDENTIALS_REFUSED", "RATE_LIMITED"]


async def test_one_person_is_guessed_at_most_a_hundred_times_from_wherever(
    calls: Calls, billing: Billing
) -> None:
    await _fail(calls, 1)
    _has_failed(billing, 100)

    assert await _fail(calls, 1, address=ELSEWHERE) == ["RATE_LIMITED"]


async def test_many_guesses_at_once_are_not_more_than_ten(calls: Calls) -> None:
    await calls.accounts().SignUp(sign_up())
    stub = calls.accounts(client_at(HOME))

    ends = await asyncio.gather(
        *(outcome(stub.SignIn(sign_in(password="a wrong password"))) for _ in range(30))
    )

    assert sorted(ends) == ["CREDENTIALS_REFUSED"] * 10 + ["RATE_LIMITED"] * 20


async def test_failures_are_in_the_database_and_survive_the_process(calls: Calls, billing: Billing) -> None:
    await _fail(calls, 3)

    counted = billing.rows("SELECT attempts FROM sign_in_count ORDER BY attempts")

    assert counted == [(3,), (3,), (3,)]


async def test_a_caller_without_the_gateway_is_counted_by_its_connection(
    calls: Calls, billing: Billing
) -> None:
    await outcome(calls.accounts().SignIn(sign_in()))
    await _fail(calls, 1, address="127.0.0.1")

    assert billing.rows("SELECT attempts FROM sign_in_count") == [(2,), (2,), (2,)]


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
async def test_a_known_and_an_unknown_person_cost_one_check_each(calls: Calls, email: str) -> None:
    await calls.accounts().SignUp(sign_up())
    before = verifications()

    await _fail(calls, 1, email=email)

    assert verifications() == before + 1


async def test_an_invited_person_who_has_not_joined_is_as_unknown_as_nobody(calls: Calls) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    await calls.accounts(joined.access_token).InviteUser(
        billing_proto.InviteUserRequest(email="ben@example.com", role=billing_proto.User.ROLE_VIEWER)
    )
    before = verifications()

    assert await _fail(calls, 1, email="ben@example.com") == ["CREDENTIALS_REFUSED"]

    assert verifications() == before + 1


async def test_asking_for_taken_addresses_by_signing_up_is_counted_too(
    calls: Calls, billing: Billing
) -> None:
    stub = calls.accounts(client_at(HOME))
    await stub.SignUp(sign_up())
    assert await outcome(stub.SignUp(sign_up())) == "ALREADY_EXISTS"
    _has_failed(billing, 100)

    assert await outcome(stub.SignUp(sign_up(email="new@example.com"))) == "RATE_LIMITED"


async def test_joining_is_no_failure(calls: Calls, billing: Billing) -> None:
    await calls.accounts(client_at(HOME)).SignUp(sign_up())

    assert billing.rows("SELECT attempts FROM sign_in_count") == [(0,)]
