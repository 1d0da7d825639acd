"""Whom a limit counts together, and what is said when one is passed."""

from datetime import timedelta

import pytest

from services.billing.domain.throttle import Attempt, Attempts, Limit, TooManySignIns, check, network_of
from tests.billing.domain.builders import NOW


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1%eth0", "2001:db8:1:2::/64"),
        ("", ""),
        ("/run/igny8.sock", ""),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_an_attempt_counts_for_the_person_for_the_address_and_for_both() -> None:
    attempt = Attempt(email="ada@example.com", client_address="203.0.113.7")

    assert sorted(limit.attempts_max for limit in attempt.limits) == [10, 100, 100]
    assert len({limit.key for limit in attempt.limits}) == 3


def test_attempts_are_counted_in_one_order_so_that_no_two_wait_for_each_other() -> None:
    keys = [limit.key for limit in Attempt(email="ada@example.com", client_address="203.0.113.7").limits]

    assert keys == sorted(keys)


def test_the_table_of_counts_tells_nobodys_address() -> None:
    limits = Attempt(email="ada@example.com", client_address="203.0.113.7").limits

    assert all("ada" not in limit.key and limit.key[:3] != "203" for limit in limits)


def test_a_place_without_an_address_counts_for_the_person_only() -> None:
    assert len(Attempt(email="ada@example.com", client_address="").limits) == 2


def test_an_attempt_about_nobody_counts_for_the_address_only() -> None:
    attempt = Attempt(email="", client_address="203.0.113.7")

    assert attempt.limits == attempt.shared


def test_the_last_allowed_attempt_passes() -> None:
    check((Limit(key="a", attempts_max=10),), [_counted("a", 10)], now=NOW)


def test_one_too_many_is_told_when_the_longest_window_ends() -> None:
    limits = (Limit(key="a", attempts_max=10), Limit(key="b", attempts_max=10))

    with pytest.raises(TooManySignIns, match="Try again in 9 minutes") as refused:
        check(limits, [_counted("a", 11, minutes=2), _counted("b", 11, minutes=9)], now=NOW)

    assert refused.value.metadata == {"retry_after_seconds": "540"}


def _counted(key: str, attempts: int, *, minutes: int = 15) -> Attempts:
    return Attempts(key=key, attempts=attempts, window_ends_at=NOW + timedelta(minutes=minutes))
