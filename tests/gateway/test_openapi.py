"""The OpenAPI document and the reference made from it: valid, complete, true to what is served."""

from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from gateway.comments import comments_of
from gateway.docs import docs_body
from gateway.event_types import EventTypes
from gateway.openapi import document
from gateway.operations import descriptor_set, operations_of, product_files
from gateway.schemas import TEXT_PATTERN
from tests.gateway.shelf import DESCRIBED, FILES


@pytest.fixture(scope="module")
def shelf_document() -> dict[str, Any]:
    return document(operations_of(FILES), comments_of(DESCRIBED), EventTypes(FILES).domains)


@pytest.fixture(scope="module")
def product_document() -> dict[str, Any]:
    found = descriptor_set()
    files = product_files(found)
    return document(operations_of(files), comments_of(found), EventTypes(files).domains)


def test_the_document_of_the_product_is_valid(product_document: dict[str, Any]) -> None:
    validate(product_document)


def test_the_document_of_the_tests_is_valid(shelf_document: dict[str, Any]) -> None:
    validate(shelf_document)


def test_every_binding_is_an_operation_with_an_id_of_its_own(product_document: dict[str, Any]) -> None:
    operations = operations_of(product_files(descriptor_set()))
    described = [
        (path, verb.upper(), item[verb]["operationId"])
        for path, item in product_document["paths"].items()
        for verb in item
    ]

    assert {(one.template, one.verb) for one in operations} <= {(path, verb) for path, verb, _ in described}
    assert len({operation_id for _, _, operation_id in described}) == len(described)


def test_a_method_for_other_services_is_not_described(shelf_document: dict[str, Any]) -> None:
    assert "/api/v1/audit" not in shelf_document["paths"]


def test_rules_and_comments_become_schemas(shelf_document: dict[str, Any]) -> None:
    schemas = shelf_document["components"]["schemas"]

    assert schemas["BookInput"]["properties"]["title"] == {
        "type": "string",
        "maxLength": 200,
        "minLength": 1,
        "pattern": TEXT_PATTERN,
        "description": "Its title.",
    }
    assert schemas["BookInput"]["properties"]["genre"]["enum"] == ["fiction", "life_story", None]
    assert schemas["BookInput"]["required"] == ["title"]
    assert schemas["Book"]["required"] == ["book_id", "title", "genre", "pages", "etag"]


def test_query_parameters_are_described_as_they_are_read(shelf_document: dict[str, Any]) -> None:
    parameters = {one["name"]: one for one in shelf_document["paths"]["/api/v1/books"]["get"]["parameters"]}

    assert set(parameters) == {
        "filter.genres",
        "filter.after",
        "page_size",
        "page_token",
        "lent",
        "words",
        "weight",
    }
    assert parameters["filter.genres"]["schema"]["items"]["enum"] == ["fiction", "life_story"]
    assert parameters["page_size"]["schema"]["maximum"] == 200


def test_what_the_body_sets_is_no_query_parameter(product_document: dict[str, Any]) -> None:
    put = product_document["paths"]["/api/v1/sites/{site_id}/automation/config"]["put"]

    assert [one["name"] for one in put["parameters"] if one["in"] == "query"] == ["etag"]


def test_an_id_that_may_be_left_out_may_be_empty_but_not_in_a_list(product_document: dict[str, Any]) -> None:
    listed = product_document["paths"]["/api/v1/sites/{site_id}/keywords"]["get"]["parameters"]
    schemas = {one["name"]: one["schema"] for one in listed}

    assert schemas["cluster_id"]["anyOf"] == [{"format": "uuid", "minLength": 1}, {"maxLength": 0}]
    assert schemas["ids"]["items"]["format"] == "uuid"
    assert schemas["ids"]["items"]["minLength"] == 1


def test_a_list_that_may_not_be_empty_is_needed_and_a_needed_number_is_not_0(
    product_document: dict[str, Any],
) -> None:
    schemas = product_document["components"]["schemas"]

    assert "input_ids" in schemas["RunItemChangeInput"]["required"]
    assert schemas["ShiftScheduleRequest"]["properties"]["days"]["not"] == {"const": 0}


def test_what_the_path_sets_is_not_in_the_body(shelf_document: dict[str, Any]) -> None:
    assert "shelf" not in shelf_document["components"]["schemas"]["CreateBookRequest"]["properties"]


def test_errors_named_in_a_comment_are_described(shelf_document: dict[str, Any]) -> None:
    responses = shelf_document["paths"]["/api/v1/books/{book_id}"]["get"]["responses"]

    assert set(responses) == {"200", "404", "default"}


def test_a_public_method_asks_for_no_token(shelf_document: dict[str, Any]) -> None:
    assert shelf_document["paths"]["/media/{sha256}"]["get"]["security"] == []
    assert shelf_document["paths"]["/api/v1/books"]["get"]["security"] == [{"bearer": []}, {"session": []}]


def test_what_changes_something_asks_a_cookie_for_its_csrf_token(shelf_document: dict[str, Any]) -> None:
    made = shelf_document["paths"]["/api/v1/shelves/{shelf}/books"]["post"]

    assert made["security"] == [{"bearer": []}, {"session": [], "csrf": []}]


def test_the_reference_lists_every_operation_and_needs_nothing_from_the_network(
    product_document: dict[str, Any],
) -> None:
    body = docs_body(product_document, comments_of(descriptor_set()))

    assert all(path in body for path in product_document["paths"])
    assert "INSUFFICIENT_CREDITS" in body
    assert "src=" not in body
    assert "<script" not in body


async def test_both_are_served(stranger: httpx.AsyncClient) -> None:
    specification = await stranger.get("/openapi.json")
    reference = await stranger.get("/docs")

    assert specification.json()["openapi"] == "3.1.0"
    assert reference.headers["content-type"] == "text/html; charset=utf-8"
    assert "ShelfService" not in reference.text.partition("<main>")[0].replace('href="#ShelfService"', "")


def test_a_map_of_a_request_says_how_many_names_it_takes_and_what_may_be_in_them(
    product_document: dict[str, Any],
) -> None:
    schemas = product_document["components"]["schemas"]

    asked = schemas["PutBillingConfigurationRequest"]["properties"]["minimum_credits"]

    assert asked["propertyNames"] == {"maxLength": 10_000, "pattern": TEXT_PATTERN}
    assert asked["maxProperties"] == 1_000
    assert "propertyNames" not in schemas["BillingConfiguration"]["properties"]["minimum_credits"]
