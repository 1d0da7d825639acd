"""The AsyncAPI document and docs/events.md: valid, complete, as fresh as the protos, and true to what is published."""

import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from igny8.billing import v1 as billing

from chassis import wire_json
from chassis.identity import Role
from chassis.ids import new_id
from chassis.outbox import Outbox, subject_of
from gateway import documents
from gateway.asyncapi import document
from gateway.comments import comments_of
from gateway.event_types import EventTypes
from gateway.operations import descriptor_set, product_files
from tests.architecture.source import ROOT
from tests.gateway.shelf import DESCRIBED, FILES

SCHEMA = Path(__file__).with_name("asyncapi") / "3.0.0.json"
"""The standard's own, see the README beside it."""


@pytest.fixture(scope="module")
def standard() -> Any:
    return jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))


@pytest.fixture(scope="module")
def product() -> dict[str, Any]:
    found = descriptor_set()
    return document(EventTypes(product_files(found)), comments_of(found))


def test_the_document_of_the_product_is_valid(standard: Any, product: dict[str, Any]) -> None:
    assert [error.message for error in standard.iter_errors(product)] == []


def test_the_document_of_the_tests_is_valid(standard: Any) -> None:
    made = document(EventTypes(FILES), comments_of(DESCRIBED))

    assert [error.message for error in standard.iter_errors(made)] == []


@pytest.mark.parametrize(
    ("part", "name"), [("channels", "credits_captured"), ("operations", "tell_credits_captured")]
)
def test_the_check_finds_what_is_wrong(standard: Any, product: dict[str, Any], part: str, name: str) -> None:
    broken = {**product, part: {**product[part], name: {"address": 7, "action": "shout"}}}

    assert not standard.is_valid(broken)


def test_every_reference_leads_somewhere(product: dict[str, Any]) -> None:
    lost = [reference for reference in _references(product) if not _leads_somewhere(product, reference)]

    assert lost == []


def test_every_event_has_a_channel_a_message_and_an_operation(product: dict[str, Any]) -> None:
    types = EventTypes(product_files(descriptor_set()))

    assert {f"{one.domain}_{one.event}" for one in types.all} == product["channels"].keys() - {"stream"}
    assert {one.message.name for one in types.all} == product["components"]["messages"].keys()
    assert len(types.all) == len(product["operations"]) - 1


def test_a_job_is_no_event(product: dict[str, Any]) -> None:
    assert "ExecuteTaskJob" not in product["components"]["messages"]
    assert "jobs" not in EventTypes(product_files(descriptor_set())).domains


def test_the_address_is_the_subject_that_is_published_to(product: dict[str, Any]) -> None:
    address = product["channels"]["credits_captured"]["address"]

    assert address.format(account_id="*") == subject_of(billing.CreditsCaptured)


def test_an_event_as_it_is_written_fits_its_schema_and_its_headers(product: dict[str, Any]) -> None:
    event = billing.CreditsCaptured(account_id=new_id(), credits_used=3, balance=billing.Balance(credits=4))
    event.occurred_at.GetCurrentTime()
    row = Outbox(service="billing", encode=lambda one: one)._row(
        event, event.account_id, event.occurred_at.ToDatetime(), "2026-11-20T09:00:00Z", ""
    )
    message = product["components"]["messages"]["CreditsCaptured"]

    _validate(product, message["payload"], wire_json.to_dict(event))
    _validate(product, product["components"]["messageTraits"]["cloudEvent"]["headers"], row["headers"])
    assert row["headers"]["ce-type"] == message["name"]


def test_an_event_may_have_fields_that_are_added_later(product: dict[str, Any]) -> None:
    closed = [
        name for name, schema in product["components"]["schemas"].items() if "additionalProperties" in schema
    ]

    assert closed == []


@pytest.mark.parametrize("name", ["events.md", "asyncapi.json"])
def test_what_is_made_from_the_protos_is_fresh(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == documents.made()[name], "run `make docs`"


def test_the_page_names_every_event_and_every_part_it_links_to(product: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "events.md").read_text()

    missing = [
        name
        for name in (*product["components"]["schemas"], *product["components"]["messages"])
        if f"### {name}\n" not in page and f".{name}`" not in page
    ]

    assert missing == []


async def test_it_is_served(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/asyncapi.json")

    assert answer.status_code == 200
    assert answer.json() == document(EventTypes(FILES), comments_of(DESCRIBED))


def test_who_may_hear_of_an_event_is_said_by_its_proto() -> None:
    roles = {one.name: one.role for one in EventTypes(FILES).all}

    assert roles == {"credits.captured": Role.VIEWER, "keys.lent": Role.OWNER, "runs.started": Role.VIEWER}


def _validate(product: dict[str, Any], schema: dict[str, Any], instance: Any) -> None:
    jsonschema.Draft7Validator({**schema, "components": product["components"]}).validate(instance)


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return here + [found for value in node.values() for found in _references(value)]
    return [found for value in node for found in _references(value)] if isinstance(node, list) else []


def _leads_somewhere(product: dict[str, Any], reference: str) -> bool:
    node: Any = product
    for name in reference.removeprefix("#/").split("/"):
        if name not in node:
            return False
        node = node[name]
    return True
