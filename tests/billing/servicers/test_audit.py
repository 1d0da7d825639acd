"""The audit log: who may write and read it, what a list gives, and that nothing in it changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from igny8.billing import v1 as billing_proto
from psycopg2 import errorcodes
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from chassis.identity import Role
from chassis.ids import new_id
from chassis.plain import instant_to_proto
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID, api_key, operator, person, service
from services.billing.scheduler import Sweeper
from tests.billing.books import Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome
from tests.kit.databases import SessionDatabase

GATEWAY = service("gateway", account_id=None)
METHOD = "igny8.billing.v1.AccountService.CreateApiKey"
SITE_ID = new_id()
AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def entry(**changes: Any) -> billing_proto.AuditEntry:
    """An entry with what a test need not care about."""
    values = {
        "id": new_id(),
        "account_id": ACCOUNT_ID,
        "actor": person().actor,
        "method": METHOD,
        "outcome": "OK",
        "http_status": 201,
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "client_address": "203.0.113.7",
        "resources": [billing_proto.AuditEntry.Resource(field="site_id", id=SITE_ID)],
        "occurred_at": instant_to_proto(AT),
    }
    return billing_proto.AuditEntry(**{**values, **changes})


def record(*entries: billing_proto.AuditEntry) -> billing_proto.RecordWritesRequest:
    return billing_proto.RecordWritesRequest(entries=entries)


def listed(**filters: Any) -> billing_proto.ListAuditEntriesRequest:
    return billing_proto.ListAuditEntriesRequest(**filters)


async def test_what_was_recorded_is_listed_as_it_was(calls: Calls) -> None:
    made = entry(request_id="order-4711")
    await calls.audit(GATEWAY).RecordWrites(record(made))

    answer = await calls.audit(person()).ListAuditEntries(listed())

    assert list(answer.audit_entries) == [made]


async def test_an_entry_that_is_recorded_twice_is_there_once_and_as_it_was(calls: Calls) -> None:
    made = entry()
    await calls.audit(GATEWAY).RecordWrites(record(made))
    await calls.audit(GATEWAY).RecordWrites(record(entry(id=made.id, outcome="FORGED"), entry()))

    answer = await calls.audit(person()).ListAuditEntries(listed())

    assert len(answer.audit_entries) == 2
    assert {one.outcome for one in answer.audit_entries} == {"OK"}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"actor": "api_key:a"}, 1),
        ({"actor": "api_key:b"}, 0),
        ({"method": METHOD}, 2),
        ({"outcome": "NOT_FOUND"}, 1),
        ({"resource_id": SITE_ID}, 2),
        ({"resource_id": ACCOUNT_ID}, 0),
        ({"from": instant_to_proto(AT + timedelta(minutes=1))}, 1),
        ({"to": instant_to_proto(AT + timedelta(minutes=1))}, 2),
        ({"account_id": ACCOUNT_ID}, 3),
    ],
)
async def test_a_list_holds_what_was_asked_for(calls: Calls, filters: dict[str, Any], found: int) -> None:
    await calls.audit(GATEWAY).RecordWrites(
        record(
            entry(actor="api_key:a", outcome="NOT_FOUND"),
            entry(resources=[]),
            entry(method="other.Method", occurred_at=instant_to_proto(AT + timedelta(minutes=2))),
        )
    )

    answer = await calls.audit(person()).ListAuditEntries(listed(**filters))

    assert len(answer.audit_entries) == found


async def test_pages_show_every_entry_once_newest_first(calls: Calls) -> None:
    entries = [entry(occurred_at=instant_to_proto(AT + timedelta(seconds=n // 2))) for n in range(7)]
    await calls.audit(GATEWAY).RecordWrites(record(*entries))

    seen: list[str] = []
    token = ""
    while True:
        page = await calls.audit(person()).ListAuditEntries(listed(page_size=2, page_token=token))
        seen += [one.id for one in page.audit_entries]
        token = page.next_page_token
        if not token:
            break

    assert (
        seen == [one.id for one in sorted(entries, key=lambda one: (one.occurred_at.seconds, one.id))][::-1]
    )


async def test_an_account_sees_its_own_entries_alone(calls: Calls) -> None:
    await calls.audit(GATEWAY).RecordWrites(
        record(entry(), entry(account_id=OTHER_ACCOUNT_ID), entry(account_id=""))
    )

    own = await calls.audit(person(account_id=OTHER_ACCOUNT_ID)).ListAuditEntries(listed())
    theirs = await outcome(calls.audit(person()).ListAuditEntries(listed(account_id=OTHER_ACCOUNT_ID)))
    nobodys = await outcome(calls.audit(person()).ListAuditEntries(listed(account_id=new_id())))

    assert [one.account_id for one in own.audit_entries] == [OTHER_ACCOUNT_ID]
    assert (theirs, nobodys) == ("NOT_FOUND", "NOT_FOUND")


async def test_the_operator_sees_all_or_one_account(calls: Calls) -> None:
    await calls.audit(GATEWAY).RecordWrites(record(entry(), entry(account_id="")))

    everything = await calls.audit(operator()).ListAuditEntries(listed())
    one_account = await calls.audit(operator()).ListAuditEntries(listed(account_id=ACCOUNT_ID))

    assert [len(everything.audit_entries), len(one_account.audit_entries)] == [2, 1]


@pytest.mark.parametrize("caller", [person(Role.EDITOR), person(Role.VIEWER), api_key(Role.EDITOR)])
async def test_only_owners_read_it(calls: Calls, caller: Any) -> None:
    assert await outcome(calls.audit(caller).ListAuditEntries(listed())) == "PERMISSION_DENIED"


@pytest.mark.parametrize(
    "caller", [person(), operator(), service("ai"), service("publisher", account_id=None)]
)
async def test_only_the_gateway_writes_it(calls: Calls, caller: Any) -> None:
    assert await outcome(calls.audit(caller).RecordWrites(record(entry()))) == "PERMISSION_DENIED"


async def test_a_span_that_ends_before_it_begins_is_refused(calls: Calls) -> None:
    begin, end = instant_to_proto(AT), instant_to_proto(AT - timedelta(seconds=1))

    assert await outcome(calls.audit(person()).ListAuditEntries(listed(**{"from": begin, "to": end}))) == (
        "REQUEST_INVALID"
    )


async def test_an_old_entry_is_forgotten_and_a_younger_one_stays(calls: Calls, billing: Billing) -> None:
    now = datetime.now(UTC)
    billing.clock.set(now)
    old, kept = entry(occurred_at=instant_to_proto(now - timedelta(days=91))), entry()
    kept.occurred_at.CopyFrom(instant_to_proto(now - timedelta(days=89)))
    await calls.audit(GATEWAY).RecordWrites(record(old, kept))

    sweeper = Sweeper(billing.transactions, billing.clock, every_seconds=5, audit_kept=timedelta(days=90))
    await sweeper.sweep()

    assert billing.rows("SELECT id::text FROM audit_entry") == [(kept.id,)]


async def test_not_even_the_owner_of_the_database_changes_or_deletes_a_young_entry(
    calls: Calls, database: SessionDatabase
) -> None:
    young = entry()
    young.occurred_at.GetCurrentTime()
    await calls.audit(GATEWAY).RecordWrites(record(young))

    codes = [
        _refusal(database.owner("billing"), statement)
        for statement in ("UPDATE audit_entry SET outcome = 'OK'", "DELETE FROM audit_entry")
    ]

    assert codes == [errorcodes.RESTRICT_VIOLATION] * 2


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET outcome = 'OK'", "TRUNCATE audit_entry"])
def test_the_service_has_no_right_to_change_entries(billing: Billing, statement: str) -> None:
    assert _refusal(billing.transactions.engine, statement) == errorcodes.INSUFFICIENT_PRIVILEGE


def _refusal(engine: Engine, statement: str) -> object:
    """The code with which the database refuses the statement."""
    with pytest.raises(DBAPIError) as refused, engine.begin() as connection:
        connection.execute(text(statement))
    return getattr(refused.value.orig, "pgcode", None)
