"""The outbox: the proto says where a message goes; what cannot be published cannot be recorded."""

from typing import Any

import orjson
import pytest
from igny8.ai import v1 as ai
from igny8.billing import v1 as billing
from sqlalchemy import Engine, inspect

from chassis import telemetry
from chassis.outbox import Outbox, stream_of, subject_of
from chassis.testing import ManualClock, recorded, recorded_jobs
from tests.chassis.sample import ACCOUNT, granted


def test_an_event_class_has_a_subject_for_all_accounts_and_for_one() -> None:
    assert subject_of(billing.CreditsGranted) == "igny8.v1.credits.*.granted"
    assert subject_of(billing.CreditsGranted, account_id="a") == "igny8.v1.credits.a.granted"
    assert stream_of(billing.CreditsGranted) == "IGNY8_EVENTS"


def test_a_job_class_has_a_subject_of_the_work_queue() -> None:
    assert subject_of(ai.ExecuteRunItemJob) == "igny8.jobs.v1.*.run_item"
    assert stream_of(ai.ExecuteRunItemJob) == "IGNY8_JOBS"


def test_a_message_without_an_address_cannot_be_recorded(engine: Engine, outbox: Outbox) -> None:
    with engine.connect() as connection, pytest.raises(TypeError, match="ListUsageRequest"):
        outbox.write(connection, [(billing.ListUsageRequest(), ACCOUNT)])


def test_a_message_too_large_for_its_stream_cannot_be_recorded(engine: Engine, outbox: Outbox) -> None:
    with engine.connect() as connection, pytest.raises(ValueError, match="CreditsGranted"):
        outbox.write(connection, [(granted("x" * 70_000), ACCOUNT)])


def test_domain_events_go_through_the_service_s_encoder(engine: Engine) -> None:
    encoded = Outbox(service="sample", encode=lambda event: granted(str(event)))

    with engine.begin() as connection:
        encoded.write(connection, [(42, ACCOUNT)])

    assert recorded(engine)[0].as_message(billing.CreditsGranted).grant_id == "42"


def test_headers_carry_the_clock_and_the_trace(engine: Engine) -> None:
    outbox = Outbox(service="sample", encode=_never, clock=ManualClock())

    with telemetry.span("call") as span, engine.begin() as connection:
        outbox.write(connection, [(granted("traced"), ACCOUNT)])

    [event] = recorded(engine)
    assert event.headers["ce-time"] == "2026-11-02T09:00:00Z"
    assert event.headers["traceparent"].split("-")[1] == span.trace.trace_id


def test_jobs_and_events_lie_in_one_table_and_are_told_apart(engine: Engine, outbox: Outbox) -> None:
    with engine.begin() as connection:
        outbox.write(
            connection, [(granted("event"), ACCOUNT), (ai.ExecuteRunItemJob(run_item_id="job"), ACCOUNT)]
        )

    assert [each.payload["grant_id"] for each in recorded(engine)] == ["event"]
    assert [each.payload["run_item_id"] for each in recorded_jobs(engine)] == ["job"]


def test_the_payload_is_stored_byte_for_byte(engine: Engine, outbox: Outbox) -> None:
    with engine.begin() as connection:
        outbox.write(connection, [(granted("zürich 🌱"), ACCOUNT)])

    columns = {column["name"]: str(column["type"]) for column in inspect(engine).get_columns("outbox")}
    assert columns["payload"] == "TEXT"
    assert orjson.dumps(recorded(engine)[0].payload["grant_id"]) == '"zürich 🌱"'.encode()


def _never(event: object) -> Any:
    raise AssertionError(event)
