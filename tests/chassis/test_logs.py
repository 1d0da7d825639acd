"""The logs: one line a record, known fields only, no secret whichever way it comes."""

import json
import logging

import pytest

from chassis import logs, telemetry
from tests.chassis.captured_logs import SECRET_KEY, configured, records


def test_a_record_says_when_what_who_and_in_which_trace(capsys: pytest.CaptureFixture[str]) -> None:
    with configured(), telemetry.span("the test") as around:
        logs.get_logger().info("a run was started", run_id="7", credits=12)

    (record,) = records(capsys)
    assert record["event"] == "a run was started"
    assert (record["level"], record["service"]) == ("info", "billing")
    assert (record["run_id"], record["credits"]) == ("7", 12)
    assert record["trace_id"] == around.trace.trace_id
    assert record["timestamp"].endswith("Z")


def test_a_field_that_is_not_allowed_is_only_named(capsys: pytest.CaptureFixture[str]) -> None:
    with configured():
        logs.get_logger().info("signed in", user_id="7", favourite_colour="mauve", passphrase="hunter2")

    (record,) = records(capsys)
    assert record["not_logged"] == ["favourite_colour", "passphrase"]
    assert record["user_id"] == "7"
    assert "mauve" not in json.dumps(record)
    assert "hunter2" not in json.dumps(record)


def test_a_package_may_allow_fields_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_ALLOWED", set(logs._ALLOWED))
    logs.allow_fields(["depth_metres"])

    with configured():
        logs.get_logger().info("dived", depth_metres=30)

    assert records(capsys)[0]["depth_metres"] == 30


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach postgresql://igny8:hunter2-word@db:5432/igny8",
        "nats://user:hunter2-word@127.0.0.1:4222 is away",
        "authorization: Bearer hunter2-word",
        "token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJodW50ZXIyLXdvcmQifQ.hunter2-word",
        "key sk-proj-hunter2-word was refused",
        "connect failed: password=hunter2-word host=db",
        "key igny8_" + "hunter2-word".rjust(43, "x"),
        "refresh token igny8r_" + "hunter2-word".rjust(43, "x"),
        "invitation igny8i_" + "hunter2-word".rjust(43, "x"),
        "password_hash $argon2id$v=19$m=19456,t=2,p=1$c2FsdA$hunter2-word",
        f"the secret is {SECRET_KEY}",
    ],
)
def test_a_secret_in_a_text_is_blotted_out(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with configured():
        logs.get_logger().warning("something failed", detail=text)
        logs.get_logger().warning(text)

    output = capsys.readouterr().out
    assert "[secret]" in output
    assert "hunter2-word" not in output
    assert SECRET_KEY not in output


def test_a_secret_in_an_exception_is_blotted_out(capsys: pytest.CaptureFixture[str]) -> None:
    with configured():
        try:
            raise ValueError(f"postgresql://u:hunter2-word@db/x {SECRET_KEY}")
        except ValueError:
            logs.get_logger().exception("failed")

    (record,) = records(capsys)
    assert "ValueError" in record["exception"]
    assert "hunter2-word" not in record["exception"]
    assert SECRET_KEY not in record["exception"]


def test_a_secret_inside_a_list_is_blotted_out(capsys: pytest.CaptureFixture[str]) -> None:
    with configured():
        logs.get_logger().info("failed", items=[{"url": "https://u:hunter2-word@host/"}])

    assert "hunter2-word" not in capsys.readouterr().out


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_value_cannot_forge_a_second_line(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    with configured(log_format):  # type: ignore[arg-type]
        logs.get_logger().info("saved\n{}", reason='x\n{"event": "forged"}\x1b[31m\r')

    output = capsys.readouterr().out
    assert output.count("\n") == 1
    assert "\x1b" not in output
    assert "\r" not in output


def test_the_console_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    with configured("console"):
        logs.get_logger().info("a run was started", run_id="7")

    output = capsys.readouterr().out
    assert "info    billing       a run was started  run_id=7" in output


def test_an_exception_on_the_console_has_its_own_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with configured("console"):
        try:
            raise ValueError("why")
        except ValueError:
            logs.get_logger().exception("failed")

    assert capsys.readouterr().out.splitlines()[-1] == "ValueError: why"


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    with configured(level="warning"):
        logs.get_logger().info("quiet")
        logs.write_call({"method": "x"})
        logs.get_logger().warning("loud")

    assert [record["event"] for record in records(capsys)] == ["loud"]


def test_libraries_are_heard_from_warning_on_and_our_packages_from_info(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with configured():
        logging.getLogger("nats").info("chatter")
        logging.getLogger("nats").warning("lost nats://u:hunter2-word@host")
        logging.getLogger("chassis.relay").info("leading")

    found = records(capsys)
    assert [record["logger"] for record in found] == ["nats", "chassis.relay"]
    assert found[0]["event"] == "lost nats://[secret]@host"
    assert found[0]["level"] == "warning"
