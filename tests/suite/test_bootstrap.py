"""A fresh suite is made usable once: a second run changes nothing, and one that was cut off goes on."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from igny8.billing import v1 as billing
from sqlalchemy import text

from suite import bootstrap, bootstrap_state, price_command, prices, private_file, secrets
from suite.child import ServiceProcess, service_environment
from suite.databases import SERVICES
from suite.embedded.ports import reserve_port
from suite.embedded.process import last_words, wait_until
from suite.stack import StackFile
from tests.kit.databases import SessionDatabase
from tests.kit.streams import SessionNats

PRICE_LIST = """
models:
  - model_name: some-text-model
    provider: openai
    kind: text
    cost_per_1k_input: 0.001
    cost_per_1k_output: 0.002
    tokens_per_credit: 500
    source: "a test, 2026-11-20"
"""


@dataclass(frozen=True)
class Fresh:
    """A data folder nobody has used, beside a billing that runs."""

    data_dir: Path
    running: StackFile
    price_list: Path
    database: SessionDatabase

    async def bootstrap(self) -> None:
        await bootstrap.bootstrap(self.data_dir, self.running, self.price_list)

    def needed(self) -> bool:
        return bootstrap_state.needed(self.data_dir, self.price_list)

    def count(self, table: str) -> int:
        with self.database.owner("billing").connect() as connection:
            return int(connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())

    def counts(self) -> dict[str, int]:
        tables = (
            "account",
            "api_key",
            "credit_grant",
            "igny8_billing_aimodelconfig",
            "billing_configuration",
        )
        return {table: self.count(table) for table in tables}


@pytest.fixture(scope="module")
def served(
    database: SessionDatabase, nats_server: SessionNats, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """host:port of a billing process, and the folder whose secret key it knows."""
    folder = tmp_path_factory.mktemp("billing")
    log = folder / "billing.log"
    dsn = database.dsn("billing")
    reserved, metrics = reserve_port(), reserve_port()
    address = f"127.0.0.1:{reserved.port}"
    child = ServiceProcess(
        "billing",
        command=[sys.executable, "-m", "services.billing"],
        environment=service_environment(
            IGNY8_SECRET_KEY=secrets.load_or_make(folder).secret_key,
            IGNY8_BILLING_DATABASE_URL=dsn,
            IGNY8_NATS_URL=nats_server.url,
            IGNY8_BILLING_ADDR=address,
            IGNY8_METRICS_PORT=str(metrics.port),
        ),
        log=log,
        ready_url=f"http://127.0.0.1:{metrics.port}/readyz",
    )
    with reserved, metrics:
        child.launch()
        assert wait_until(child.is_ready, timeout_seconds=60), last_words(log)
        yield address, folder
        assert child.pid is not None
        os.kill(child.pid, signal.SIGTERM)
        assert wait_until(lambda: child.returncode() is not None, timeout_seconds=30)


@pytest.fixture
def fresh(served: tuple[str, Path], database: SessionDatabase, tmp_path: Path) -> Fresh:
    address, folder = served
    database.empty("billing")
    shutil.copy(folder / "secrets.json", tmp_path)
    price_list = tmp_path / "prices.yaml"
    price_list.write_text(PRICE_LIST)
    running = StackFile(
        gateway_url="",
        grpc=dict.fromkeys(SERVICES, address),
        nats_url="",
        database_url="",
        read_only_database_url="",
    )
    return Fresh(tmp_path, running, price_list, database)


async def test_it_makes_keys_prices_and_an_account_with_credits(fresh: Fresh) -> None:
    assert fresh.needed()

    await fresh.bootstrap()

    assert not fresh.needed()
    assert fresh.counts() == {
        "account": 1,
        "api_key": 2,
        "credit_grant": 1,
        "igny8_billing_aimodelconfig": 1,
        "billing_configuration": 0,
    }
    with fresh.database.owner("billing").connect() as connection:
        credits = connection.execute(text("SELECT credits FROM credit_account")).scalar_one()
    assert credits == bootstrap.DEMO_CREDITS
    assert set(private_file.read(fresh.data_dir / "demo-account.json") or {}) == {"email", "password"}


async def test_a_second_run_changes_nothing(fresh: Fresh) -> None:
    await fresh.bootstrap()
    before, keys = fresh.counts(), private_file.read(fresh.data_dir / "keys.json")

    await fresh.bootstrap()

    assert fresh.counts() == before
    assert private_file.read(fresh.data_dir / "keys.json") == keys


async def test_a_run_that_was_cut_off_before_the_demo_account_goes_on(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.price_list.write_text("models: []\nwrong: []")
    with pytest.raises(prices.PriceListInvalid):
        await fresh.bootstrap()
    operator = secrets.kept_api_key(fresh.data_dir, "operator")
    assert fresh.needed()

    fresh.price_list.write_text(PRICE_LIST)
    await fresh.bootstrap()

    assert operator is not None
    assert secrets.kept_api_key(fresh.data_dir, "operator") == operator
    assert fresh.counts()["account"] == 1
    assert not fresh.needed()


async def test_a_run_that_was_cut_off_before_its_last_note_repeats_nothing(fresh: Fresh) -> None:
    await fresh.bootstrap()
    before = fresh.counts()
    (fresh.data_dir / "bootstrap.json").unlink()
    assert fresh.needed()

    await fresh.bootstrap()

    assert fresh.counts() == before
    assert not fresh.needed()


async def test_a_lost_demo_key_is_replaced_by_another_account(fresh: Fresh) -> None:
    await fresh.bootstrap()
    operator = secrets.kept_api_key(fresh.data_dir, "operator")
    (fresh.data_dir / "keys.json").unlink()
    secrets.keep_api_key(fresh.data_dir, "operator", str(operator))

    await fresh.bootstrap()

    assert fresh.counts()["account"] == 2
    assert secrets.kept_api_key(fresh.data_dir, "demo")


async def test_an_edited_price_list_is_needed_again_and_adds_a_version(fresh: Fresh) -> None:
    await fresh.bootstrap()
    fresh.price_list.write_text(PRICE_LIST.replace("tokens_per_credit: 500", "tokens_per_credit: 400"))
    assert fresh.needed()

    await fresh.bootstrap()

    assert fresh.counts()["igny8_billing_aimodelconfig"] == 2


async def test_the_prices_command_loads_a_file_as_the_operator(fresh: Fresh, tmp_path: Path) -> None:
    await fresh.bootstrap()
    file = tmp_path / "more.yaml"
    file.write_text(PRICE_LIST.replace("some-text-model", "another-model"))

    loaded = await price_command.load_into(fresh.data_dir, fresh.running, file)

    assert loaded == 1
    assert fresh.counts()["igny8_billing_aimodelconfig"] == 2


async def test_without_an_operator_key_the_way_out_is_said(fresh: Fresh) -> None:
    with pytest.raises(ValueError, match="start the suite once with `igny8 up`"):
        await price_command.load_into(fresh.data_dir, fresh.running, fresh.price_list)


def test_run_says_what_was_refused(fresh: Fresh, capsys: pytest.CaptureFixture[Any]) -> None:
    (fresh.data_dir / "secrets.json").unlink()

    status = bootstrap.run(fresh.data_dir, fresh.running)

    assert status == 1
    assert capsys.readouterr().err.startswith("The suite could not be made ready for use: ")
    assert fresh.counts()["api_key"] == 0


def test_the_price_of_a_fresh_suite_is_a_proto_message() -> None:
    listed = prices.read(bootstrap_state.PRICE_LIST)

    assert all(isinstance(model, billing.PutModelPriceRequest) for model in listed.models)
