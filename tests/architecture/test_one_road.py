"""The one road of AI work: an AI function reaches no provider, no ledger and no task log but through the executor."""

import ast
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
            if isinstance(node.func.value, ast.Name) and node.func.value.id in ("write", "tasks", "runs"):
                continue
            yield node
