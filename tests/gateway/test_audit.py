"""What the gateway tells the audit log, and how it waits for a billing that is away."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import httpx
import pytest
from igny8.billing import v1 as billing

from chassis.clock import SystemClock
from chassis.errors import remote_refusal
from chassis.identity import Caller, Role
from chassis.ids import new_id
from chassis.testing import until
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID, operator, person
from chassis.testing.serving import Served
from gateway import audit as audit_module
from gateway.audit import AuditLog
from gateway.audit_note import AuditRule, Note
from gateway.operations import descriptor_set, operations_of, product_files
from gateway.process import Process
from tests.gateway.conftest import bearer, running
from tests.gateway.shelf import FILES, shelf

BOOK = new_id()
PRODUCT = {one.method.name: AuditRule.of(one) for one in operations_of(product_files(descriptor_set()))}
RULES = {one.method.name: AuditRule.of(one) for one in operations_of(FILES)}


@dataclass
class Kept:
    """What billing would keep, and the reason for which it refuses for now."""

    entries: list[billing.AuditEntry] = field(default_factory=list)
    refusal: str = ""
    never: str = ""
    """The outcome of an entry that billing will never take."""
    asked: int = 0

    async def deliver(self, entries: Sequence[billing.AuditEntry]) -> None:
        self.asked += 1
        if self.refusal:
            raise remote_refusal(self.refusal, "not now", service="billing")
        if self.never and any(entry.outcome == self.never for entry in entries):
            raise remote_refusal("REQUEST_INVALID", "never", service="billing")
        self.entries += entries

    async def first(self) -> billing.AuditEntry:
        await until(lambda: self.entries)
        return self.entries[0]


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
async def client(
    kept: Kept, process_for: Callable[..., Process], shelf_server: Served
) -> AsyncIterator[httpx.AsyncClient]:
    """A stranger's client of a gateway whose audit log goes to `kept`."""
    async with (
        running(process_for(shelf=shelf_server.target, deliver_audit=kept.deliver)) as found,
        httpx.AsyncClient(base_url=found.url, timeout=20) as client,
    ):
        yield client


async def test_a_write_is_kept_with_who_what_whence_and_how_it_ended(
    client: httpx.AsyncClient, kept: Kept
) -> None:
    sent = {**bearer(), "Idempotency-Key": "order-4711"}

    answer = await client.post("/api/v1/shelves/poems/books", json={"title": "Roses"}, headers=sent)

    entry = await kept.first()
    assert (entry.account_id, entry.actor) == (ACCOUNT_ID, person().actor)
    assert entry.method == "shelf.v1.ShelfService.CreateBook"
    assert (entry.outcome, entry.http_status) == ("OK", 201)
    assert [(one.field, one.id) for one in entry.resources] == [("shelf", "poems")]
    assert entry.trace_id == answer.headers["x-trace-id"]
    assert entry.request_id == "order-4711"
    assert entry.client_address == "127.0.0.1"
    assert abs(entry.occurred_at.ToSeconds() - SystemClock().now().timestamp()) < 60


async def test_nothing_of_a_body_is_kept_but_the_ids_in_it(client: httpx.AsyncClient, kept: Kept) -> None:
    body = {"book_id": BOOK, "title": "a secret title", "genre": "fiction"}

    await client.put(f"/api/v1/books/{BOOK}", json=body, headers=bearer())

    entry = await kept.first()
    assert [(one.field, one.id) for one in entry.resources] == [("book_id", BOOK)]
    assert "secret" not in str(entry)


async def test_a_name_that_is_no_id_is_not_kept_for_one(client: httpx.AsyncClient, kept: Kept) -> None:
    body = {"book_id": "my password is hunter2", "title": "Roses"}

    await client.put("/api/v1/books/pass%20word", json=body, headers=bearer())

    assert list((await kept.first()).resources) == []


@pytest.mark.parametrize(
    ("caller", "status", "outcome"),
    [(person(Role.VIEWER), 403, "PERMISSION_DENIED"), (person(), 400, "REQUEST_INVALID")],
)
async def test_a_write_that_was_refused_to_somebody_known_is_kept_with_the_reason(
    client: httpx.AsyncClient, kept: Kept, caller: Caller, status: int, outcome: str
) -> None:
    sent = bearer(caller)
    body = {} if status == 400 else {"title": "Roses"}

    await client.post("/api/v1/shelves/poems/books", json=body, headers=sent)

    entry = await kept.first()
    assert (entry.http_status, entry.outcome) == (status, outcome)
    assert [(one.field, one.id) for one in entry.resources] == [("shelf", "poems")]


async def test_reads_and_what_strangers_are_refused_are_not_kept(
    client: httpx.AsyncClient, kept: Kept
) -> None:
    await client.get("/api/v1/books", headers=bearer())
    await client.delete("/api/v1/books/book-1", headers={"Authorization": "Bearer nonsense"})
    await client.delete("/api/v1/books/book-1")
    await client.delete("/api/v1/books/book-1", headers=bearer())

    entry = await kept.first()

    assert entry.method == "shelf.v1.ShelfService.DeleteBook"
    assert [one.http_status for one in kept.entries] == [204]


async def test_what_anybody_may_do_is_kept_without_a_name(client: httpx.AsyncClient, kept: Kept) -> None:
    await client.post("/api/v1/echo", json={})

    entry = await kept.first()
    assert (entry.actor, entry.account_id, entry.client_address) == ("", "", "127.0.0.1")


async def test_an_upload_is_kept_without_its_file(client: httpx.AsyncClient, kept: Kept) -> None:
    sent = {**bearer(), "Content-Type": "text/csv"}

    await client.post("/api/v1/shelves/poems/import", content=b"title\nhunter2\n", headers=sent)

    entry = await kept.first()
    assert (entry.method, entry.outcome) == ("shelf.v1.ShelfService.ImportBooks", "OK")
    assert "hunter2" not in str(entry)


async def test_a_billing_that_is_away_holds_no_request_up_and_gets_everything_when_it_is_back(
    client: httpx.AsyncClient, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "BATCH_SECONDS", 0.01)
    monkeypatch.setattr(audit_module, "RETRY_SECONDS", (0.01, 0.02))
    kept.refusal = "SERVICE_UNAVAILABLE"

    answers = [await client.delete(f"/api/v1/books/{n}", headers=bearer()) for n in range(5)]
    await until(lambda: kept.asked > 2)
    kept.refusal = ""
    await until(lambda: len(kept.entries) == 5)

    assert [answer.status_code for answer in answers] == [204] * 5
    assert [entry.resources[0].id for entry in kept.entries] == ["0", "1", "2", "3", "4"]


async def test_an_entry_that_billing_never_takes_keeps_no_other_from_it(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    kept.never = "BAD"
    log = AuditLog(kept.deliver, SystemClock())
    for outcome in ("OK", "BAD", "OK"):
        log.record(_note(outcome), status=200, client_address="")

    await log.close(seconds_max=5)

    assert [entry.outcome for entry in kept.entries] == ["OK", "OK"]
    assert [record.message.count('"outcome":"BAD"') for record in caplog.records] == [1]


async def test_what_cannot_be_delivered_before_the_end_goes_to_the_log_of_the_process(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    kept.refusal = "SERVICE_UNAVAILABLE"
    log = AuditLog(kept.deliver, SystemClock())
    log.record(_note(), status=200, client_address="203.0.113.7")

    await log.close(seconds_max=5)

    assert "203.0.113.7" in caplog.text
    assert "shelf.v1.ShelfService.DeleteBook" in caplog.text


async def test_what_waits_is_bounded(
    kept: Kept, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "WAITING_MAX", 2)
    log = AuditLog(kept.deliver, SystemClock())
    for status in (200, 201, 202):
        log.record(_note(), status=status, client_address="")

    await log.close(seconds_max=5)

    assert [entry.http_status for entry in kept.entries] == [200, 201]
    assert '"http_status":202' in caplog.text


async def test_many_entries_go_in_batches_that_billing_takes(kept: Kept) -> None:
    log = AuditLog(kept.deliver, SystemClock())
    for _ in range(1_200):
        log.record(_note(), status=200, client_address="")

    await log.close(seconds_max=5)

    assert (len(kept.entries), kept.asked) == (1_200, 3)


def test_the_operators_write_is_kept_with_the_account_it_is_about() -> None:
    grant, void = PRODUCT["Grant"], PRODUCT["VoidGrant"]
    assert grant is not None
    assert void is not None

    named = Note(grant, caller=operator(), request=billing.GrantRequest(account_id=OTHER_ACCOUNT_ID))
    found = Note(
        void,
        (new_id(),),
        caller=operator(),
        request=billing.VoidGrantRequest(),
        response=billing.VoidGrantResponse(
            grant=billing.CreditGrant(account_id=OTHER_ACCOUNT_ID, id=new_id())
        ),
    )

    assert (named.account_id, found.account_id) == (OTHER_ACCOUNT_ID, OTHER_ACCOUNT_ID)


def test_a_member_who_names_another_account_is_kept_with_its_own() -> None:
    rule = PRODUCT["Grant"]
    assert rule is not None
    note = Note(rule, caller=person(), request=billing.GrantRequest(account_id=OTHER_ACCOUNT_ID))

    assert note.account_id == ACCOUNT_ID


def _note(outcome: str = "OK") -> Note:
    rule = RULES["DeleteBook"]
    assert rule is not None
    return Note(
        rule, ("book-1",), caller=person(), request=shelf.DeleteBookRequest(book_id="book-1"), outcome=outcome
    )
