"""The setup of a suite of containers: what it refuses. That it works is seen by `make up` on a real engine."""

from pathlib import Path

import pytest

from suite import container_setup, secrets


def test_missing_settings_are_refused_in_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("IGNY8_DATA_DIR", "IGNY8_SECRET_KEY", "IGNY8_BILLING_ADDR"):
        monkeypatch.delenv(name, raising=False)

    status = container_setup.main()

    assert status == 78
    assert capsys.readouterr().err == (
        "These settings are missing: IGNY8_DATA_DIR, IGNY8_SECRET_KEY, IGNY8_BILLING_ADDR\n"
    )


def test_the_given_secret_key_takes_the_place_of_a_random_one(tmp_path: Path) -> None:
    before = secrets.load_or_make(tmp_path)

    secrets.keep_secret_key(tmp_path, "the key that all containers were given")

    after = secrets.load_or_make(tmp_path)
    assert after.secret_key == "the key that all containers were given"
    assert after.roles == before.roles
