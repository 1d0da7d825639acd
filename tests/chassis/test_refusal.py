"""Refusals: a reason of the catalogue, a sentence with the way out, and everything variable in the metadata."""

import inspect

import pytest
from igny8.errors.v1 import ErrorReason

from chassis import refusal
from chassis.refusal import AlreadyExists, FieldFault, NotFound, Refusal, RequestInvalid, StaleEtag

KINDS = [
    each
    for _, each in inspect.getmembers(refusal, inspect.isclass)
    if issubclass(each, Refusal) and each is not Refusal
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_refusal_has_a_reason_of_the_catalogue(kind: type[Refusal]) -> None:
    assert f"ERROR_REASON_{kind.reason}" in set(ErrorReason.keys())


def test_a_thing_not_found_is_named_in_words() -> None:
    refused = NotFound(kind="publishing_settings", id="42")

    assert str(refused) == "No publishing settings has the id 42. It may have been deleted."
    assert refused.metadata == {"kind": "publishing_settings", "id": "42"}


def test_an_invalid_request_names_every_field() -> None:
    refused = RequestInvalid(FieldFault("name", "must not be empty"), FieldFault("size", "must be above 0"))

    assert str(refused) == "The request is not valid: name must not be empty; size must be above 0."
    assert refused.metadata == {"fields": "name,size"}
    assert [fault.field for fault in refused.fields] == ["name", "size"]


def test_a_name_that_is_taken_says_which() -> None:
    refused = AlreadyExists(kind="site", field="slug", value="garden")

    assert str(refused) == "A site with the slug garden is already there. Choose another."
    assert refused.metadata == {"kind": "site", "field": "slug", "value": "garden"}


def test_a_stale_etag_says_what_to_do() -> None:
    assert "Reload it" in str(StaleEtag(kind="content", etag="1"))
