"""Every method says who may call it and whether it can be repeated; lists have pages; events have subjects."""

from google.protobuf.descriptor_pb2 import MethodOptions
from igny8.options import v1 as options

from tests.architecture.descriptors import http_verb, message, messages, methods

READING_VERBS = {"get"}


def test_every_method_says_who_may_call_it() -> None:
    silent = [
        name
        for name, method in methods()
        if method.options.Extensions[options.access] == options.ACCESS_UNSPECIFIED
    ]

    assert silent == []


def test_every_method_says_whether_it_can_be_repeated() -> None:
    silent = [name for name, method in methods() if not method.options.HasField("idempotency_level")]

    assert silent == []


def test_a_method_that_can_be_read_by_get_changes_nothing() -> None:
    changing = [
        name
        for name, method in methods()
        if http_verb(method) in READING_VERBS
        and method.options.idempotency_level != MethodOptions.NO_SIDE_EFFECTS
    ]

    assert changing == []


def test_no_method_for_services_alone_has_a_route() -> None:
    routed = [
        name
        for name, method in methods()
        if method.options.Extensions[options.access] == options.ACCESS_INTERNAL and http_verb(method)
    ]

    assert routed == []


def test_every_list_that_a_client_can_ask_for_has_pages() -> None:
    endless = [
        name
        for name, method in methods()
        if name.rpartition("/")[2].startswith("List")
        and method.options.Extensions[options.access] != options.ACCESS_INTERNAL
        and not _has_pages(method.input_type, method.output_type)
    ]

    assert endless == []


def test_every_event_says_its_subject_and_its_account() -> None:
    events = {name: entry for name, entry in messages() if entry.options.HasExtension(options.event)}

    nowhere = [
        name
        for name, entry in events.items()
        if not (
            entry.options.Extensions[options.event].domain and entry.options.Extensions[options.event].name
        )
    ]

    assert nowhere == []


def test_no_two_events_have_one_subject() -> None:
    subjects = [
        (entry.options.Extensions[options.event].domain, entry.options.Extensions[options.event].name)
        for _, entry in messages()
        if entry.options.HasExtension(options.event)
    ]

    assert len(subjects) == len(set(subjects))


def _has_pages(request: str, response: str) -> bool:
    return {"page_size", "page_token"} <= _field_names(request) and "next_page_token" in _field_names(
        response
    )


def _field_names(message_name: str) -> set[str]:
    return {field.name for field in message(message_name).field}
