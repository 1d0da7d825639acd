"""The one road of AI work: an AI function reaches no provider, no ledger and no task log but through the executor."""

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, dotted, imports, place, python_files, tree

FUNCTIONS_MAY_IMPORT = (
    "services.ai.domain.",
    "services.ai.functions.",
    "services.ai.inventory.Inventory",
    "services.ai.ledger.Estimate",
    "services.ai.prompts.",
    "services.ai.providers.port.ImageRequest",
    "services.ai.providers.port.TextRequest",
    "services.ai.providers.port.ProviderMalformed",
    "chassis.refusal.",
    "igny8.publisher.v1",
)
"""Words, and the inventory: nothing that asks a model, holds credits or writes a log."""

PROVIDERS = ("openai", "runware", "offline")

ROADS = {
    "services.ai.ledger.Ledger": {"services.ai.executor", "services.ai.holding", "services.ai.composition"},
    "services.ai.holding.Holding": {"services.ai.executor"},
    "services.ai.captures.Captures": {"services.ai.ledger"},
    "services.ai.asking.ask": {"services.ai.executor"},
    "services.ai.providers.registry.Providers": {
        "services.ai.asking",
        "services.ai.executor",
        "services.ai.composition",
        # It chooses models and never asks one.
        "services.ai.model_choice",
    },
    "services.ai.providers.gate.Gate": {"services.ai.asking", "services.ai.providers.registry"},
}
"""Who may hold what leads out of the service."""

CALLS = {
    "complete": {"services.ai.asking"},
    "generate": {"services.ai.asking"},
    "quote": {"services.ai.holding"},
    "reserve": {"services.ai.holding"},
    "extend_hold": {"services.ai.holding"},
    "capture": {"services.ai.executor"},
    "release": {"services.ai.holding"},
}
"""Who may call what a provider and the ledger do."""


STEPS = {
    "services.ai.store.tasks": {"services.ai.store.transaction"},
    "services.ai.store.task_items": {"services.ai.store.transaction"},
    "services.ai.store.by_hand": {"services.ai.store.transaction"},
    "services.ai.store.tables.ai_task": {"services.ai.store.tasks", "services.ai.store.run_items"},
    "services.ai.store.tables.task_item": {"services.ai.store.task_items"},
    "services.ai.usecases.tasks": {
        "services.ai.task_notes",
        "services.ai.leasing",
        "services.ai.task_worker",
        "services.ai.automation.scheduler",
        "services.ai.servicers.generation",
        "services.ai.usecases.run_steps",
    },
    "services.ai.usecases.by_hand": {
        "services.ai.task_worker",
        "services.ai.automation.sweeper",
        "services.ai.servicers.generation",
    },
    "services.ai.usecases.item_steps.journal_answers": {"services.ai.task_notes"},
    "services.ai.usecases.item_steps.complete_items": {"services.ai.task_notes"},
    "services.ai.usecases.item_steps.end_item": {"services.ai.usecases.run_steps"},
    "services.ai.usecases.preparing.note_prepared": {"services.ai.task_notes"},
    "services.ai.usecases.preparing.note_reservations": {"services.ai.task_notes"},
}
"""Who may import what writes task logs and their items: the steps of the executor and of those who begin and end work."""

LOG_TABLES = ("igny8_ai_task_logs", "task_item")
LOG_STORES = {"services.ai.store.tasks", "services.ai.store.task_items", "services.ai.store.by_hand"}
WRITERS = {
    "services.ai.usecases.by_hand",
    "services.ai.usecases.item_steps",
    "services.ai.usecases.preparing",
    "services.ai.usecases.run_steps",
    "services.ai.usecases.runs",
    "services.ai.usecases.tasks",
}
"""The use cases that write task logs."""


def ours() -> list[Path]:
    """The files of the service that are not a provider themselves."""
    return [
        path
        for path in python_files("services/ai")
        if not any(path.is_relative_to(ROOT / "services/ai/providers" / name) for name in PROVIDERS)
    ]


def test_a_function_imports_nothing_that_leads_past_the_executor() -> None:
    strangers = [
        f"{place(path, node)} {name}"
        for path in python_files("services/ai/functions")
        for name, node in imports(path)
        if name.startswith(
            ("services.", "igny8.", "chassis.", "openai", "httpx", "grpc", "sqlalchemy", "nats")
        )
        and not name.startswith(FUNCTIONS_MAY_IMPORT)
    ]

    assert strangers == []


def test_functions_are_looked_at() -> None:
    assert len(python_files("services/ai/functions")) >= 7


@pytest.mark.parametrize("road", ROADS)
def test_each_road_out_is_held_by_few(road: str) -> None:
    holders = {dotted(path) for path in ours() for name, _ in imports(path) if name == road}

    assert holders
    assert holders <= ROADS[road]


@pytest.mark.parametrize("step", STEPS)
def test_what_writes_a_task_log_is_held_by_few(step: str) -> None:
    holders = {
        dotted(path)
        for path in ours()
        for name, _ in imports(path)
        if name == step or name.startswith(f"{step}.")
    }

    assert holders == STEPS[step]


def test_no_module_holds_all_tables_or_a_whole_module_of_steps() -> None:
    """By `from services.ai.store import tables` it would hold every table, which the rules above would not see."""
    whole = {"services.ai.store.tables", "services.ai.usecases.item_steps", "services.ai.usecases.preparing"}

    holders = {dotted(path) for path in ours() for name, _ in imports(path) if name in whole}

    assert {holder for holder in holders if ".migrations." not in holder} == set()


def test_task_logs_are_written_by_the_store_s_own_statements_alone() -> None:
    writers = {
        dotted(path)
        for path in ours()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _writes_a_log(node.value)
    }

    assert writers & LOG_STORES
    assert {writer for writer in writers if ".migrations." not in writer} <= LOG_STORES


def test_task_logs_are_written_by_few_use_cases() -> None:
    writers = {dotted(path) for path in ours() if any(_writes_of_the_store(tree(path)))}

    assert writers == WRITERS


@pytest.mark.parametrize("call", CALLS)
def test_a_provider_and_the_ledger_are_called_in_one_place(call: str) -> None:
    callers = {dotted(path) for path in ours() if any(_calls(tree(path), {call}))}

    assert callers == CALLS[call]


def test_only_the_composition_makes_a_provider() -> None:
    makers = {
        dotted(path)
        for path in ours()
        for name, _ in imports(path)
        if name.startswith(tuple(f"services.ai.providers.{provider}" for provider in PROVIDERS))
    }

    assert makers == {"services.ai.composition"}


def test_the_inventory_leads_to_publisher_alone() -> None:
    [inventory] = [path for path in python_files("services/ai") if path.name == "inventory.py"]

    assert {name for name, _ in imports(inventory) if name.startswith("igny8.")} == {"igny8.publisher.v1"}


def _calls(syntax: ast.AST, names: Collection[str]) -> Iterator[ast.Call]:
    """Calls of methods with these names on something that is held: `self._ledger.capture(…)`, `writer.complete(…)`."""
    for node in ast.walk(syntax):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            yield node


def _writes_a_log(statement: str) -> bool:
    """Whether it is SQL that changes rows of a task log or its items."""
    names = "|".join(LOG_TABLES)
    return bool(
        re.search(rf"\b(INSERT INTO|UPDATE|DELETE FROM)\s+(ai\.)?({names})\b", statement, re.IGNORECASE)
    )


def _writes_of_the_store(syntax: ast.AST) -> Iterator[ast.Call]:
    """Calls such as `tx.tasks.save(…)` and `self._tx.task_items.save_endings(…)`."""
    for node in ast.walk(syntax):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="tasks" | "task_items"), attr=name)):
                if name.startswith(("add", "save", "touch")):
                    yield node
