"""The tests keep the rules that hold them together: one event loop, and no waiting by the clock."""

import ast

import pytest

from tests.architecture.source import place, python_files, tree

TESTS = [
    path for path in python_files("tests") if path.name.startswith("test_") or path.name == "conftest.py"
]

# asyncio.run() takes the session's event loop from every fixture that comes after it.
FORBIDDEN = ["asyncio.run", "asyncio.set_event_loop", "asyncio.sleep", "time.sleep"]


@pytest.mark.parametrize("call", FORBIDDEN)
def test_no_test_calls_it(call: str) -> None:
    found = [
        place(path, node)
        for path in TESTS
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == call and not _only_gives_way(node)
    ]

    assert found == []


def _only_gives_way(call: ast.Call) -> bool:
    """`asyncio.sleep(0)` lets the other tasks go on and waits for nothing."""
    return [ast.unparse(argument) for argument in call.args] == ["0"]
