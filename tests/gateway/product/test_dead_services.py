"""A service that is dead is named, nothing else is touched, and it is found again when it is back."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import grpc
import httpx
import pytest
from igny8.ai import v1 as ai
from igny8.billing import v1 as billing
from igny8.notifications import v1 as notifications
from igny8.publisher import v1 as publisher

from chassis import wire_values
from chassis.identity import Role
from chassis.ids import new_id
from chassis.nats import Bus
from chassis.testing import ManualClock, until
from chassis.testing.callers import operator, person
from gateway.operations import Operation, descriptor_set, operations_of, product_files
from gateway.process import Process
from tests.gateway.conftest import KEYRING, running
from tests.gateway.product.conftest import signed_in
from tests.gateway.product.standins import HANGS, SERVICES, StandIn
from tests.kit.streams import SessionNats

DESCRIBED = descriptor_set()
FILES = product_files(DESCRIBED)
READS = [
    one
    for one in operations_of(FILES)
    if one.verb == "GET" and one.service in SERVICES and not one.answers_file
]
SITE_ID = new_id()
NOW = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
"""The 21st already in Istanbul."""

DASHBOARD = f"/api/v1/sites/{SITE_ID}/dashboard"


@pytest.fixture
async def services() -> AsyncIterator[dict[str, StandIn]]:
    found = {name: StandIn(name) for name in SERVICES}
    for one in found.values():
        await one.start()
    yield found
    for one in found.values():
        await one.kill()


@pytest.fixture
async def client(
    bus: Bus, nats_server: SessionNats, services: dict[str, StandIn]
) -> AsyncIterator[httpx.AsyncClient]:
    """A viewer's client of a gateway before all four, at a clock that stands."""
    clock = ManualClock(NOW)

    async def connect() -> Bus:
        return await Bus.connect(nats_server.url, name="gateway")

    process = Process(
        files=FILES,
        described=DESCRIBED,
        addresses={name: one.target for name, one in services.items()},
        keyring=KEYRING,
        connect=connect,
        clock=clock,
    )
    headers = signed_in(person(Role.VIEWER), clock)
    async with (
        running(process) as found,
        httpx.AsyncClient(base_url=found.url, headers=headers, timeout=20, trust_env=False) as client,
    ):
        await until(lambda: process.feed.is_live)
        yield client


def _path(operation: Operation) -> str:
    """A path that the gateway can read: ids where there may be any text, numbers where there must be one."""

    def value(match: re.Match[str]) -> str:
        field = operation.method.input_type.fields_by_name[match[1]]
        return "1" if wire_values.int_range(wire_values.kind_of(field)) else SITE_ID

    return re.sub(r"\{([a-z_]+)\}", value, operation.template)


async def _statuses(client: httpx.AsyncClient, service: str) -> dict[str, int]:
    return {
        one.method.name: (await client.get(_path(one))).status_code for one in READS if one.service == service
    }


@pytest.mark.parametrize("dead", SERVICES)
async def test_a_dead_service_is_a_503_that_names_it_and_the_rest_goes_on(
    client: httpx.AsyncClient, services: dict[str, StandIn], dead: str
) -> None:
    await services[dead].kill()

    answers = [await client.get(_path(one)) for one in READS if one.service == dead]
    others = [await _statuses(client, name) for name in SERVICES if name != dead]
    ready = await client.get("/readyz")
    page = await client.get("/docs")

    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["reason"] for answer in answers} == {"SERVICE_UNAVAILABLE"}
    assert {answer.json()["metadata"]["service"] for answer in answers} == {dead}
    assert {answer.headers["retry-after"] for answer in answers} == {"1"}
    assert {status for one in others for status in one.values()} == {200}
    # Without billing nobody gets in; without another service the gateway is still worth asking.
    assert ready.status_code == (503 if dead == "billing" else 200)
    assert ready.json()["status"] == ("not_ready" if dead == "billing" else "degraded")
    assert {name for name, one in ready.json()["dependencies"].items() if one["status"] != "serving"} == {
        dead
    }
    assert page.status_code == 200


async def test_a_service_that_is_back_is_found_again(
    client: httpx.AsyncClient, services: dict[str, StandIn]
) -> None:
    await services["publisher"].kill()
    away = await client.get("/api/v1/sites")
    await services["publisher"].start()

    async def is_back() -> bool:
        return (await client.get("/api/v1/sites")).status_code == 200

    assert away.status_code == 503
    await until(is_back)


async def test_ready_names_every_dependency(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert answer.json()["dependencies"].keys() == {*SERVICES, "nats"}


@pytest.fixture
def told(services: dict[str, StandIn]) -> dict[str, StandIn]:
    """Services with something to tell of the site."""
    entry = publisher.CalendarEntry
    services["billing"].answers["igny8.billing.v1.CreditService.GetBalance"] = billing.GetBalanceResponse(
        balance=billing.Balance(credits=40, reserved=10, available=30, sequence=7)
    )
    services["ai"].answers["igny8.ai.v1.AutomationService.ListRuns"] = ai.ListRunsResponse(
        runs=[ai.AutomationRun(id=new_id(), status=ai.AutomationRun.STATUS_PAUSED, percent=12.5)]
    )
    services["publisher"].answers |= {
        "igny8.publisher.v1.WriterService.GetWorkflowStats": publisher.GetWorkflowStatsResponse(
            stats=publisher.WorkflowStats(clusters=3)
        ),
        "igny8.publisher.v1.CalendarService.GetCalendar": publisher.GetCalendarResponse(
            calendar=publisher.Calendar(
                time_zone="Europe/Istanbul",
                entries=[
                    entry(title="yesterday", local_time="2026-11-20T23:00"),
                    entry(title="today", local_time="2026-11-21T09:00"),
                    entry(title="tomorrow", local_time="2026-11-22T00:00"),
                    entry(title="without a time", local_time=""),
                ],
            )
        ),
    }
    services["notifications"].answers["igny8.notifications.v1.NotificationService.List"] = (
        notifications.ListResponse(
            notifications=[
                _notification("failed here", "SEVERITY_ERROR", SITE_ID),
                _notification("fine", "SEVERITY_SUCCESS", SITE_ID),
                _notification("credits are low", "SEVERITY_WARNING", ""),
                _notification("failed elsewhere", "SEVERITY_ERROR", new_id()),
            ]
        )
    )
    return services


def _notification(title: str, severity: str, site_id: str) -> notifications.Notification:
    value = notifications.Notification.Severity.Value(severity)
    return notifications.Notification(title=title, severity=value, site_id=site_id)


async def test_the_dashboard_has_every_part(client: httpx.AsyncClient, told: dict[str, StandIn]) -> None:
    answer = (await client.get(DASHBOARD)).json()

    assert [part["fault"] for part in answer.values()] == [None] * 5
    assert answer["balance"]["balance"]["available"] == 30
    assert answer["statistics"]["stats"]["clusters"] == 3
    assert answer["active_run"]["run"]["status"] == "paused"
    assert [one["title"] for one in answer["attention"]["notifications"]] == [
        "failed here",
        "credits are low",
    ]
    assert not answer["attention"]["more"]
    assert (answer["today"]["date"], answer["today"]["time_zone"]) == ("2026-11-21", "Europe/Istanbul")
    assert [one["title"] for one in answer["today"]["entries"]] == ["today"]


@pytest.mark.parametrize(
    ("dead", "missing"),
    [
        ("billing", {"balance"}),
        ("ai", {"active_run"}),
        ("notifications", {"attention"}),
        ("publisher", {"statistics", "today"}),
    ],
)
async def test_a_part_that_cannot_be_had_says_why_and_the_others_are_there(
    client: httpx.AsyncClient, told: dict[str, StandIn], dead: str, missing: set[str]
) -> None:
    await told[dead].kill()

    answer = await client.get(DASHBOARD)

    faults = {name: part["fault"] for name, part in answer.json().items() if part["fault"]}
    assert answer.status_code == 200
    assert faults.keys() == missing
    assert {(one["service"], one["reason"], one["retryable"]) for one in faults.values()} == {
        (dead, "SERVICE_UNAVAILABLE", True)
    }
    assert all(dead in one["message"] for one in faults.values())


async def test_a_dashboard_of_which_nothing_can_be_had_is_a_503(
    client: httpx.AsyncClient, services: dict[str, StandIn]
) -> None:
    for one in services.values():
        await one.kill()

    answer = await client.get(DASHBOARD)

    assert answer.status_code == 503
    assert answer.json()["metadata"]["service"] in SERVICES


async def test_a_service_at_fault_is_a_fault_of_its_part_alone(
    client: httpx.AsyncClient, told: dict[str, StandIn]
) -> None:
    told["ai"].answers["igny8.ai.v1.AutomationService.ListRuns"] = grpc.StatusCode.INTERNAL

    answer = (await client.get(DASHBOARD)).json()

    assert answer["active_run"]["fault"]["reason"] == "INTERNAL"
    assert answer["active_run"]["run"] is None
    assert answer["balance"]["fault"] is None


async def test_a_service_that_hangs_holds_the_others_up_for_its_time_alone(
    client: httpx.AsyncClient, told: dict[str, StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.dashboard.PART_SECONDS_MAX", 0.3)
    told["notifications"].answers["igny8.notifications.v1.NotificationService.List"] = HANGS

    answer = (await client.get(DASHBOARD)).json()

    assert answer["attention"]["fault"]["reason"] == "DEADLINE_EXCEEDED"
    assert answer["attention"]["notifications"] == []


async def test_a_run_that_ended_is_not_active(client: httpx.AsyncClient, told: dict[str, StandIn]) -> None:
    ended = ai.AutomationRun(id=new_id(), status=ai.AutomationRun.STATUS_COMPLETED)
    told["ai"].answers["igny8.ai.v1.AutomationService.ListRuns"] = ai.ListRunsResponse(runs=[ended])

    answer = (await client.get(DASHBOARD)).json()

    assert answer["active_run"] == {"run": None, "fault": None}


async def test_more_than_twenty_that_need_attention_are_said_to_be_more(
    client: httpx.AsyncClient, told: dict[str, StandIn]
) -> None:
    many = [_notification(f"n{n}", "SEVERITY_WARNING", SITE_ID) for n in range(21)]
    name = "igny8.notifications.v1.NotificationService.List"
    told["notifications"].answers[name] = notifications.ListResponse(notifications=many)

    attention = (await client.get(DASHBOARD)).json()["attention"]

    assert [one["title"] for one in attention["notifications"]] == [f"n{n}" for n in range(20)]
    assert attention["more"]


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/api/v1/sites/garden/dashboard", 400, "REQUEST_INVALID"),
        (f"{DASHBOARD}?period=decade", 400, "REQUEST_INVALID"),
        (f"{DASHBOARD}?cheese=1", 400, "REQUEST_INVALID"),
    ],
)
async def test_a_wrong_request_is_refused_before_anybody_is_asked(
    client: httpx.AsyncClient, services: dict[str, StandIn], path: str, status: int, reason: str
) -> None:
    answer = await client.get(path)

    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert [one.asked for one in services.values()] == [[], [], [], []]


async def test_who_has_no_account_has_no_dashboard(
    client: httpx.AsyncClient, services: dict[str, StandIn]
) -> None:
    refused = await client.get(DASHBOARD, headers=signed_in(operator(), ManualClock(NOW)))
    nobody = await client.get(DASHBOARD, headers={"Authorization": ""})

    assert (refused.status_code, nobody.status_code) == (403, 401)
    assert services["billing"].asked == []
