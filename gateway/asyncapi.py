"""The AsyncAPI 3 document of the events, made from the same protos that the services publish by."""

from typing import Any, Final

from google.protobuf import message_factory

from chassis.outbox import subject_of
from chassis.streams import EVENTS_STREAM
from gateway import events
from gateway.comments import Comments
from gateway.event_types import EventType, EventTypes
from gateway.openapi import VERSION
from gateway.schemas import Schema, Schemas

PARAMETER: Final = "account_id"

_UUID: Final[Schema] = {"type": "string", "format": "uuid"}
_HEADERS: Final[dict[str, Schema]] = {
    "Nats-Msg-Id": {**_UUID, "description": "The event's id. One that comes again is the same event."},
    "content-type": {"const": "application/json"},
    "ce-specversion": {"const": "1.0"},
    "ce-id": {**_UUID, "description": "The event's id."},
    "ce-type": {"type": "string", "description": "The message's full name in the protos."},
    "ce-source": {"type": "string", "description": "`/igny8/<service>`, the service that tells it."},
    "ce-time": {"type": "string", "format": "date-time", "description": "When it was told."},
    "ce-subject": {**_UUID, "description": "The account."},
    "traceparent": {"type": "string", "description": "The trace it goes on in (W3C Trace Context)."},
}
"""As the outbox writes them: the NATS binding of CloudEvents 1.0, content mode binary."""


def document(types: EventTypes, comments: Comments) -> dict[str, Any]:
    """The whole document, ready for JSON."""
    schemas = Schemas(comments)
    payloads = {one.name: schemas.reference(one.message, request=False) for one in types.all}
    components: dict[str, Any] = {
        "schemas": {name: _open(schema) for name, schema in sorted(schemas.components.items())},
        "messages": {_message_id(one): _message(one, payloads[one.name], comments) for one in types.all},
        "messageTraits": {"cloudEvent": {"headers": _headers()}},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "igny8 events",
            "version": VERSION,
            "description": (
                f"What happens in the suite, on the JetStream stream {EVENTS_STREAM} and as server-sent events of "
                "the gateway. Each event is told at least once, and in order for each account; fields may be added."
            ),
        },
        "defaultContentType": "application/json",
        "servers": {
            "nats": {
                "host": "127.0.0.1:4222",
                "protocol": "nats",
                "description": f"NATS with JetStream, `IGNY8_NATS_URL`; the stream is {EVENTS_STREAM}.",
            },
            "gateway": {
                "host": "127.0.0.1:8080",
                "protocol": "http",
                "description": "The gateway: the events of the caller's own account that its role may hear of.",
                "security": [{"$ref": "#/components/securitySchemes/bearer"}],
            },
        },
        "channels": {
            **{_channel_id(one): _channel(one) for one in types.all},
            "stream": _stream(types),
        },
        "operations": {
            **{f"tell_{_channel_id(one)}": _operation(one) for one in types.all},
            "stream": {
                "action": "send",
                "channel": {"$ref": "#/channels/stream"},
                "summary": "Streams the account's events as they happen; see /openapi.json for its parameters.",
            },
        },
        "components": {
            **components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _channel_id(one: EventType) -> str:
    return f"{one.domain}_{one.event}"


def _message_id(one: EventType) -> str:
    return one.message.name


def _message(one: EventType, payload: Schema, comments: Comments) -> Schema:
    comment = comments.get(one.message.full_name, one.name)
    return {
        "name": one.message.full_name,
        "title": one.name,
        "summary": comment.partition("\n\n")[0],
        "description": comment,
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": payload,
        "x-role": one.role.name.lower(),
    }


def _headers() -> Schema:
    needed = [name for name in _HEADERS if name != "traceparent"]
    return {"type": "object", "properties": dict(_HEADERS), "required": needed}


def _channel(one: EventType) -> Schema:
    return {
        "address": subject_of(message_factory.GetMessageClass(one.message), account_id=f"{{{PARAMETER}}}"),
        "title": one.name,
        "servers": [{"$ref": "#/servers/nats"}],
        "messages": {one.event: {"$ref": f"#/components/messages/{_message_id(one)}"}},
        "parameters": {PARAMETER: {"description": "The account, a UUID."}},
    }


def _operation(one: EventType) -> Schema:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{_channel_id(one)}"},
        "tags": [{"name": one.service}],
        "messages": [{"$ref": f"#/channels/{_channel_id(one)}/messages/{one.event}"}],
    }


def _stream(types: EventTypes) -> Schema:
    return {
        "address": events.PATH,
        "title": "Server-sent events",
        "description": "`event` is `<domain>.<event>`, `data` the same JSON, `id` an opaque place in the stream.",
        "servers": [{"$ref": "#/servers/gateway"}],
        "messages": {
            _channel_id(one): {"$ref": f"#/components/messages/{_message_id(one)}"} for one in types.all
        },
    }


def _open(schema: Schema) -> Schema:
    """A schema without its closed end: whoever consumes events must take those of a newer sender too."""
    return {name: value for name, value in schema.items() if name != "additionalProperties"}
