"""Secrets in requests: cleared from what is logged, wherever they sit."""

from chassis.sensitive import cleared, has_sensitive
from tests.chassis import echo


def test_a_sensitive_field_is_cleared_from_the_copy_and_kept_in_the_request() -> None:
    request = echo.Request(text="hello", password="hunter2")

    copy = cleared(request)

    assert copy == echo.Request(text="hello")
    assert request.password == "hunter2"


def test_a_secret_deep_inside_is_cleared_too() -> None:
    request = echo.Request(items=[{"title": "a", "pin": "1"}, {"items": [{"title": "b", "pin": "2"}]}])

    assert cleared(request) == echo.Request(items=[{"title": "a"}, {"items": [{"title": "b"}]}])


def test_a_message_without_secrets_is_not_copied() -> None:
    response = echo.Response(text="hello")

    assert cleared(response) is response


def test_a_type_that_contains_itself_is_walked_once() -> None:
    assert has_sensitive(echo.Item.DESCRIPTOR)
    assert has_sensitive(echo.Request.DESCRIPTOR)
    assert not has_sensitive(echo.Response.DESCRIPTOR)
