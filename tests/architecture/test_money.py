"""Money is Decimal and credits are integers: on the wire, in columns, in the domain, and nowhere a float."""

import ast
import re
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from sqlalchemy import Float, Integer, Numeric

from tests.architecture.descriptors import fields
from tests.architecture.source import SERVICES, place, python_files, tree
from tests.architecture.tables import columns

MONEY = re.compile(r"(?:^|_)(?:usd|price|cost)$|^cost_per_")
FLOATS = {FieldDescriptorProto.TYPE_DOUBLE, FieldDescriptorProto.TYPE_FLOAT}
CREDITS = re.compile(r"(?:^|_)credits(?:_|$)")


def test_no_proto_field_of_money_or_credits_is_a_number_with_a_point() -> None:
    floats = [
        name
        for name, field in fields()
        if field.type in FLOATS and (MONEY.search(field.name) or CREDITS.search(field.name))
    ]

    assert floats == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_column_of_money_or_credits_is_a_float(service: str) -> None:
    floats = [
        str(column)
        for column in columns(service)
        if isinstance(column.type, Float) and (MONEY.search(column.name) or CREDITS.search(column.name))
    ]

    assert floats == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_column_of_money_is_numeric(service: str) -> None:
    others = [
        str(column)
        for column in columns(service)
        if MONEY.search(column.name) and not isinstance(column.type, Numeric)
    ]

    assert others == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_column_of_credits_is_an_integer(service: str) -> None:
    others = [
        str(column)
        for column in columns(service)
        if CREDITS.search(column.name) and not isinstance(column.type, Integer)
    ]

    assert others == []


def test_billing_never_says_float() -> None:
    floats = [
        place(path, node)
        for path in python_files("services/billing")
        for node in ast.walk(tree(path))
        if _says_float(node)
    ]

    assert floats == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_domain_holds_money_or_credits_as_a_float(service: str) -> None:
    floats = [
        f"{place(path, node)} {name}"
        for path in python_files(f"services/{service}/domain")
        for node, name, annotation in _annotated(path)
        if (MONEY.search(name) or CREDITS.search(name)) and any(map(_says_float, ast.walk(annotation)))
    ]

    assert floats == []


def _annotated(path: Path) -> list[tuple[ast.AST, str, ast.expr]]:
    """Every field and parameter of a file that has a type."""
    found: list[tuple[ast.AST, str, ast.expr]] = []
    for node in ast.walk(tree(path)):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                found.append((node, name, annotation))
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                found.append((node, name, annotation))
    return found


def _says_float(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "float"
