"""The environment: read by the names of the contract, refused whole and in one message."""

import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field, SecretStr

from chassis.entry import run_service
from chassis.settings import ServiceSettings, SettingsInvalid, load

ROOT = Path(__file__).parent.parent.parent
SECRET = "0123456789abcdef0123456789abcdef"
DATABASE = "postgresql://igny8_billing:hidden-word@127.0.0.1:5432/igny8"


class BillingSettings(ServiceSettings):
    service: ClassVar[str] = "billing"

    reservation_lifetime_seconds: int = Field(default=900, ge=60)
    """A hold older than this is released."""

    provider_key: SecretStr = Field(default=SecretStr(""), validation_alias="OPENAI_API_KEY")
    """The key of a provider, by its own usual name."""

    models: tuple[str, ...] = ()
    """A list."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    import os

    for name in list(os.environ):
        if name.startswith(("IGNY8_", "LOG_", "OTEL_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("IGNY8_SECRET_KEY", SECRET)
    monkeypatch.setenv("IGNY8_DATABASE_URL", DATABASE)
    return monkeypatch


def test_what_is_not_set_has_the_default_the_field_says() -> None:
    settings = load(BillingSettings)

    assert settings.billing_addr == "127.0.0.1:50051"
    assert settings.reservation_lifetime_seconds == 900
    assert settings.log_format == "console"


def test_a_services_own_variable_wins_over_the_common_one(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("IGNY8_BILLING_DATABASE_URL", "postgresql://own@127.0.0.1/own")

    settings = load(BillingSettings)

    assert settings.database_url.get_secret_value() == "postgresql://own@127.0.0.1/own"


def test_the_common_variable_serves_a_service_without_its_own() -> None:
    assert load(BillingSettings).database_url.get_secret_value() == DATABASE


def test_a_field_with_an_alias_is_read_from_that_variable(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPENAI_API_KEY", "sk-something")

    assert load(BillingSettings).provider_key.get_secret_value() == "sk-something"


def test_a_list_is_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("IGNY8_MODELS", "one,two")

    assert load(BillingSettings).models == ("one", "two")


def test_secrets_of_before_are_read_and_blotted_out_with_the_others(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("IGNY8_SECRET_KEYS_BEFORE", f"{'b' * 32}, {'c' * 32}")

    assert {"b" * 32, "c" * 32, SECRET} <= set(load(BillingSettings).secrets())


def test_a_short_secret_of_before_is_refused_without_being_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("IGNY8_SECRET_KEYS_BEFORE", f"{'b' * 32},hidden-word")

    with pytest.raises(SettingsInvalid, match="IGNY8_SECRET_KEYS_BEFORE: must each have") as refused:
        load(BillingSettings)

    assert "hidden-word" not in str(refused.value)


def test_an_empty_variable_counts_as_absent(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("IGNY8_RESERVATION_LIFETIME_SECONDS", " ")

    assert load(BillingSettings).reservation_lifetime_seconds == 900


def test_it_listens_where_others_call_it_unless_told_otherwise(environment: pytest.MonkeyPatch) -> None:
    assert load(BillingSettings).listen_address == "127.0.0.1:50051"

    environment.setenv("IGNY8_BILLING_LISTEN_ADDR", "0.0.0.0:50051")

    assert load(BillingSettings).listen_address == "0.0.0.0:50051"


def test_every_fault_is_in_one_message_with_its_variable_and_an_example(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("IGNY8_DATABASE_URL")
    environment.setenv("IGNY8_SECRET_KEY", "short")
    environment.setenv("IGNY8_AI_ADDR", "nowhere")
    environment.setenv("LOG_FORMAT", "xml")
    environment.setenv("IGNY8_BILLING_RESERVATION_LIFETIME_SECONDS", "1")

    with pytest.raises(SettingsInvalid) as refused:
        load(BillingSettings)

    message = str(refused.value)
    assert "5 to correct" in message
    assert "IGNY8_SECRET_KEY: must have at least 32 characters." in message
    assert "openssl rand -hex 32" in message
    assert "IGNY8_DATABASE_URL: is not set." in message
    assert "For example: postgresql://" in message
    assert "IGNY8_AI_ADDR: must be host:port." in message
    assert "LOG_FORMAT: " in message
    assert "IGNY8_BILLING_RESERVATION_LIFETIME_SECONDS: " in message


def test_a_refused_value_is_not_repeated_in_the_message(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("IGNY8_DATABASE_URL", "mysql://root:hidden-word@db/igny8")
    environment.setenv("IGNY8_SECRET_KEY", "hidden-word")

    with pytest.raises(SettingsInvalid) as refused:
        load(BillingSettings)

    assert "hidden-word" not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("IGNY8_NATS_URL", "http://127.0.0.1:4222"),
        ("IGNY8_PUBLISHER_ADDR", "publisher:99999"),
        ("IGNY8_METRICS_PORT", "70000"),
        ("IGNY8_CONCURRENT_CALLS_MAX", "0"),
        ("IGNY8_GRPC_REFLECTION", "perhaps"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("IGNY8_DRAIN_WAIT_SECONDS", "60"),
    ],
)
def test_a_wrong_value_names_its_variable(environment: pytest.MonkeyPatch, variable: str, value: str) -> None:
    environment.setenv(variable, value)

    with pytest.raises(SettingsInvalid, match=f"{variable}: "):
        load(BillingSettings)


def test_reflection_is_switched_off_by_off(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("IGNY8_GRPC_REFLECTION", "off")

    assert load(BillingSettings).grpc_reflection is False


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = load(BillingSettings)

    assert SECRET not in repr(settings)
    assert "hidden-word" not in repr(settings)
    assert {SECRET, DATABASE} <= set(settings.secrets())


async def never(_settings: BillingSettings) -> None:
    raise AssertionError("must not run")


def test_check_says_that_the_settings_are_usable_and_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_service(BillingSettings, never, ["--check"])

    assert ended.value.code == 0
    assert "usable" in capsys.readouterr().out


def test_unusable_settings_end_with_78_and_the_message_on_standard_error(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.delenv("IGNY8_SECRET_KEY")

    with pytest.raises(SystemExit) as ended:
        run_service(BillingSettings, never, [])

    assert ended.value.code == 78
    assert "IGNY8_SECRET_KEY: is not set." in capsys.readouterr().err


PROGRAM = """
from chassis.entry import run_service
from chassis.settings import ProcessSettings

async def main(settings):
    raise RuntimeError("postgresql://igny8:hidden-word@db/igny8 and " + settings.secret_key.get_secret_value())

run_service(ProcessSettings, main)
"""


def test_a_fault_of_main_ends_with_1_and_its_secrets_stay_out_of_the_log() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={"PYTHONPATH": ".:gen", "IGNY8_SECRET_KEY": SECRET, "LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert ended.returncode == 1
    assert "the service ended by a fault" in ended.stdout
    assert "hidden-word" not in ended.stdout + ended.stderr
    assert SECRET not in ended.stdout + ended.stderr
