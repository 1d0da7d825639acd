"""What is written once stays: the service's role has no right to change it, and the owner is stopped by a trigger."""

import pytest
from psycopg2 import errorcodes
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.billing.store.tables import APPEND_ONLY
from tests.billing.books import Billing
from tests.kit.databases import SessionDatabase

TABLES = [table.name for table in APPEND_ONLY]
COLUMNS = {table.name: table.columns[0].name for table in APPEND_ONLY}


@pytest.fixture(autouse=True)
def _something_is_written(billing: Billing) -> None:
    billing.price()
    reservation = billing.reserve(billing.account(credits=10), images=1)
    billing.capture(reservation, images=1)
    billing.configure(default_credit_price_usd="0.02")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET {column} = {column}", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_service_has_no_right_to_change_it(billing: Billing, table: str, change: str) -> None:
    assert _refusal(billing.transactions.engine, change, table) == errorcodes.INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET {column} = {column}", "DELETE FROM {}"])
def test_a_trigger_stops_the_owner_too(database: SessionDatabase, table: str, change: str) -> None:
    assert _refusal(database.owner("billing"), change, table) == errorcodes.RESTRICT_VIOLATION


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE igny8_billing_aimodelconfig SET credits_per_image = 1",
        "UPDATE igny8_billing_aimodelconfig SET effective_from = effective_from",
        "DELETE FROM igny8_billing_aimodelconfig",
    ],
)
def test_a_version_of_a_price_is_never_edited(billing: Billing, change: str) -> None:
    assert _refusal(billing.transactions.engine, change, "") == errorcodes.INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize(
    "query",
    [
        'SELECT password_hash FROM "user"',
        'SELECT * FROM "user"',
        "SELECT secret_hash FROM api_key",
        "SELECT secret_hash FROM refresh_token",
        "SELECT secret_hash FROM invitation",
        "SELECT answer FROM idempotency",
    ],
)
def test_the_read_only_role_sees_nothing_to_sign_in_with(read_only: Engine, query: str) -> None:
    assert _refusal(read_only, query, "") == errorcodes.INSUFFICIENT_PRIVILEGE


def _refusal(engine: Engine, statement: str, table: str) -> object:
    """The code with which the database refuses the statement."""
    with pytest.raises(DBAPIError) as refused, engine.begin() as connection:
        connection.execute(text(statement.format(table, column=COLUMNS.get(table))))
    return getattr(refused.value.orig, "pgcode", None)
