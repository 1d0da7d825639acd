"""Every reason that code gives stands in the error catalogue, and the catalogue explains every one."""

import ast
import json
import re
from pathlib import Path

from tests.architecture.descriptors import error_comments, error_reasons
from tests.architecture.source import PACKAGES, place, python_files, tree

NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")


def test_every_reason_in_code_is_in_the_catalogue() -> None:
    known = error_reasons()

    unknown = [
        f"{where} {reason}"
        for path in python_files(*PACKAGES)
        for where, reason in _reasons_in(path)
        if reason not in known
    ]

    assert unknown == []


def test_every_reason_of_the_catalogue_has_a_status_on_both_wires() -> None:
    bare = [
        name
        for name, options in error_reasons().items()
        if options.code == 0 or not 400 <= options.http_status <= 599
    ]

    assert bare == []


def test_every_reason_of_the_catalogue_has_an_example_that_names_it() -> None:
    wrong = {
        name: comment for name, comment in error_comments().items() if _example_of(comment) != ("igny8", name)
    }

    assert wrong == {}


def _reasons_in(path: Path) -> list[tuple[str, str]]:
    """Where a file gives which reason: `reason = "X"` in a class, or `reason="X"` in a call."""
    given: list[ast.expr | None] = []
    for node in ast.walk(tree(path)):
        match node:
            case ast.Assign(targets=[ast.Name(id="reason")], value=value):
                given.append(value)
            case ast.AnnAssign(target=ast.Name(id="reason"), value=value):
                given.append(value)
            case ast.keyword(arg="reason", value=value):
                given.append(value)
    constants = [(place(path, value), value.value) for value in given if isinstance(value, ast.Constant)]
    return [(where, text) for where, text in constants if isinstance(text, str) and NAME.fullmatch(text)]


def _example_of(comment: str) -> tuple[str, str] | None:
    """The domain and the reason of the ErrorInfo that a comment gives as its example."""
    _, marker, rest = comment.partition("Example: ")
    if not marker:
        return None
    body, _ = json.JSONDecoder().raw_decode(rest)
    return body["domain"], body["reason"]
