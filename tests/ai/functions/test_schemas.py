"""The schemas of answers are valid themselves: nobody checks them again when an answer comes."""

import pytest
from jsonschema import Draft202012Validator

from services.ai.functions.schemas import SCHEMAS


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_a_valid_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
