"""The migrations of ai make what its tables declare."""

from collections.abc import Callable


def test_the_migrations_make_the_declared_tables(assert_migrations_match: Callable[[str], None]) -> None:
    assert_migrations_match("ai")
