"""A service's own tokens: one per callee and account, renewed in time, never for the wrong account."""

from dataclasses import replace

from chassis.identity import Keyring, TokenVerifier, calling_as
from chassis.service_tokens import TOKENS_MAX, ServiceTokens, account_acted_for, acting_for
from chassis.testing import ManualClock
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID, person, service

KEYRING = Keyring.from_secret("one secret of the whole suite, long enough")


def verified(header: str, clock: ManualClock, *, audience: str = "billing") -> object:
    return TokenVerifier(KEYRING, audience, clock).verify(header.removeprefix("Bearer "))


def test_a_token_names_the_service_and_the_account(clock: ManualClock) -> None:
    tokens = ServiceTokens(KEYRING, "ai", clock)

    with acting_for(ACCOUNT_ID):
        header = tokens("billing")

    assert verified(header, clock) == service("ai", account_id=ACCOUNT_ID)


def test_a_token_is_signed_once_and_used_again(clock: ManualClock) -> None:
    tokens = ServiceTokens(KEYRING, "ai", clock)

    with acting_for(ACCOUNT_ID):
        first = tokens("billing")
        clock.advance(seconds=500)
        assert tokens("billing") == first


def test_another_account_or_callee_gets_another_token(clock: ManualClock) -> None:
    tokens = ServiceTokens(KEYRING, "ai", clock)

    with acting_for(ACCOUNT_ID):
        first = tokens("billing")
        assert tokens("publisher") != first
    with acting_for(OTHER_ACCOUNT_ID):
        assert verified(tokens("billing"), clock) == service("ai", account_id=OTHER_ACCOUNT_ID)


def test_a_token_is_renewed_before_it_expires(clock: ManualClock) -> None:
    tokens = ServiceTokens(KEYRING, "ai", clock)
    first = tokens("billing")

    clock.advance(seconds=545)
    second = tokens("billing")
    clock.advance(seconds=60)

    assert second != first
    assert verified(second, clock) == service("ai", account_id=None)


def test_only_so_many_tokens_are_kept(clock: ManualClock) -> None:
    tokens = ServiceTokens(KEYRING, "ai", clock)
    tokens._tokens.update({("billing", str(number)): ("", 0.0) for number in range(TOKENS_MAX)})

    with acting_for(ACCOUNT_ID):
        tokens("billing")

    assert len(tokens._tokens) == TOKENS_MAX


def test_the_account_is_that_of_the_request_unless_another_is_said() -> None:
    with calling_as(person(account_id=ACCOUNT_ID)):
        assert account_acted_for() == ACCOUNT_ID
        with acting_for(OTHER_ACCOUNT_ID):
            assert account_acted_for() == OTHER_ACCOUNT_ID
        assert account_acted_for() == ACCOUNT_ID

    assert account_acted_for() is None


def test_a_token_for_a_client_says_the_address_and_acts_for_no_account(clock: ManualClock) -> None:
    tokens = ServiceTokens(KEYRING, "gateway", clock)

    with acting_for(ACCOUNT_ID):
        token = tokens.for_client("billing", "203.0.113.7")

    expected = replace(service("gateway", account_id=None), client_address="203.0.113.7")
    assert verified(token, clock) == expected
