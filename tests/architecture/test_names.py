"""Prices and usage have one name each: in the protos, the columns, the JSON and the OpenAPI document.

The system that this one replaces read `input_cost_per_1m` where its table said `cost_per_1k_input`, and every
cost was lost.
"""

import re
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from igny8.billing import v1 as billing

from chassis.wire_json import to_dict
from gateway import openapi
from gateway.comments import comments_of
from gateway.operations import descriptor_set, operations_of, product_files
from tests.architecture.descriptors import fields
from tests.architecture.source import SERVICES
from tests.architecture.tables import columns, tables

PRICE = (
    *("cost_per_1k_input", "cost_per_1k_cached_input", "cost_per_1k_output", "cost_per_1k_reasoning"),
    *("tokens_per_credit", "credits_per_image"),
)
USAGE = ("credits_used", "cost_usd", "credit_price_usd", "credit_value_usd")
INTEGERS = {"tokens_per_credit", "credits_per_image", "credits_used"}

# The only other names of prices and costs, each with its one meaning.
OTHERS = {
    "cost": "what the provider took for one AI task in USD, in the task log by the contract's own query",
    "cost_per_image": "what the provider takes for one image in USD",
    "cost_source": "where a cost comes from: the provider's figure, or the price list",
    "default_credit_price_usd": "what a credit is worth when its grant does not say",
    "margin_usd": "credit_value_usd less cost_usd",
    "price_id": "the price version that was in force",
    "provider_cost_usd": "the cost as the provider itself reported it",
}
ABOUT_PRICES = re.compile(
    r"cost|price|_usd|usd_|per_1k|per_1m|per_credit|per_image|per_token|credits_used|used_credits"
)


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    described = descriptor_set()
    operations = operations_of(product_files(described))
    document = openapi.document(operations, comments_of(described), frozenset({"credits"}))
    return dict(document["components"]["schemas"])


@pytest.mark.parametrize("name", [*PRICE, *USAGE])
def test_the_protos_have_the_name_with_the_right_type(name: str) -> None:
    expected = FieldDescriptorProto.TYPE_INT64 if name in INTEGERS else FieldDescriptorProto.TYPE_STRING

    types = {field.type for _, field in fields() if field.name == name}

    assert types == {expected}


@pytest.mark.parametrize("name", PRICE)
def test_a_price_has_the_name_in_its_column_and_its_json(name: str) -> None:
    assert name in tables("billing")["igny8_billing_aimodelconfig"].columns
    assert name in to_dict(billing.ModelPrice())


@pytest.mark.parametrize("name", USAGE)
def test_a_usage_entry_has_the_name_in_its_column_and_its_json(name: str) -> None:
    assert name in tables("billing")["igny8_billing_creditusagelog"].columns
    assert name in to_dict(billing.CreditUsage())


@pytest.mark.parametrize(
    ("component", "name"),
    [*(("ModelPrice", name) for name in PRICE), *(("CreditUsage", name) for name in USAGE)],
)
def test_the_openapi_document_has_the_name(schemas: dict[str, Any], component: str, name: str) -> None:
    assert name in schemas[component]["properties"]


def test_no_field_calls_a_price_by_another_name() -> None:
    strangers = [name for name, field in fields() if _is_strange(field.name)]

    assert strangers == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_column_calls_a_price_by_another_name(service: str) -> None:
    strangers = [str(column) for column in columns(service) if _is_strange(column.name)]

    assert strangers == []


def _is_strange(name: str) -> bool:
    return bool(ABOUT_PRICES.search(name)) and name not in {*PRICE, *USAGE, *OTHERS}
