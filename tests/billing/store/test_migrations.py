"""The migrations make what the tables say, and what is written once stays."""

from collections.abc import Callable

WRITTEN_ONCE = (
    "igny8_billing_credittransaction",
    "igny8_billing_creditusagelog",
    "credit_draw",
    "billing_configuration",
)


def test_the_migrations_make_the_declared_tables(assert_migrations_match: Callable[[str], None]) -> None:
    assert_migrations_match("billing")
