"""The ai service's environment: whose models are the platform's, and what they need."""

import os
from collections.abc import Callable

import pytest

from chassis.settings import SettingsInvalid, load
from services.ai.settings import AiSettings

BASE = {
    "IGNY8_SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "IGNY8_DATABASE_URL": "postgresql://igny8_ai@127.0.0.1/igny8",
}


Read = Callable[..., AiSettings]


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads an environment that has nothing else of the suite's."""

    def read(**environment: str) -> AiSettings:
        for name in list(os.environ):
            if name.startswith(("IGNY8_", "OPENAI_", "RUNWARE_")):
                monkeypatch.delenv(name)
        for name, value in (BASE | environment).items():
            monkeypatch.setenv(name, value)
        return load(AiSettings)

    return read


def test_without_a_key_everything_is_offline(settings: Read) -> None:
    read = settings()

    assert (read.default_text_model, read.default_image_model) == ("offline-1", "offline-image-1")


def test_each_provider_has_its_usual_model(settings: Read) -> None:
    read = settings(RUNWARE_API_KEY="rw", IGNY8_IMAGE_PROVIDER="runware")

    assert read.default_image_model == "runware:101@1"


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"IGNY8_IMAGE_PROVIDER": "runware"}, "RUNWARE_API_KEY"),
        ({"IGNY8_IMAGE_PROVIDER": "openai"}, "OPENAI_API_KEY"),
        ({"IGNY8_TEXT_PROVIDER": "openai"}, "OPENAI_API_KEY"),
        ({"IGNY8_TEXT_PROVIDER": "runware", "RUNWARE_API_KEY": "rw"}, "TEXT_PROVIDER"),
    ],
)
def test_a_provider_without_its_key_is_refused_at_start(
    settings: Read, environment: dict[str, str], missing: str
) -> None:
    with pytest.raises(SettingsInvalid, match=missing):
        settings(**environment)


def test_keys_are_not_shown(settings: Read) -> None:
    assert "rw-secret" not in repr(settings(RUNWARE_API_KEY="rw-secret"))


def test_limits_are_given_by_comma(settings: Read) -> None:
    read = settings(IGNY8_PROVIDER_LIMITS="openai/gpt-5-mini=16:500, runware=8:0")

    assert read.provider_limits == ["openai/gpt-5-mini=16:500", "runware=8:0"]


def test_limits_that_make_no_sense_are_refused_at_start_by_their_entry(settings: Read) -> None:
    with pytest.raises(SettingsInvalid, match=r"PROVIDER_LIMITS.*'gpt-5-mini=16:500' names no provider"):
        settings(IGNY8_PROVIDER_LIMITS="runware=8:0,gpt-5-mini=16:500")
