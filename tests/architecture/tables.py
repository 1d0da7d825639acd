"""The tables of every service, as its `store/tables.py` declares them."""

import importlib
from functools import cache

from sqlalchemy import Column, Table

from tests.architecture.source import dotted, python_files


@cache
def tables(service: str) -> dict[str, Table]:
    """Name > table of one service, from `store/tables.py` or the modules of `store/tables/`."""
    found = [
        value
        for path in python_files(f"services/{service}/store")
        if path.stem == "tables" or path.parent.name == "tables"
        for value in vars(importlib.import_module(dotted(path))).values()
        if isinstance(value, Table)
    ]
    return {table.name: table for table in found}


def columns(service: str) -> list[Column[object]]:
    """Every column of a service's tables."""
    return [column for table in tables(service).values() for column in table.columns]
