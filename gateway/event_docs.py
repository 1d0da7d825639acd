"""docs/events.md, made from the protos: every event with its subject, its sender and its fields."""

from typing import Any

from gateway.event_types import EventType, EventTypes
from gateway.schemas import Schema

_INTRODUCTION = """\
# Events

What happens in the suite, as the services tell it. Made from the protos by `make docs`; `docs/asyncapi.json` (served at
`/asyncapi.json`) is the same for programs.

An event is committed in the transaction of its fact and published to the JetStream stream `IGNY8_EVENTS`, at least once
and in order for each account. Its payload is JSON: names in snake_case, integers as numbers, enum values as lower-case
words, instants in RFC 3339, unset fields as null. Fields may be added: skip what you do not know.

- On **NATS** the subject is `igny8.v1.<domain>.<account_id>.<event>`. The headers are those of CloudEvents
  (`ce-id`, `ce-type`, `ce-source`, `ce-time`, `ce-subject`) with `Nats-Msg-Id`, which is the event's id, and `traceparent`.
- **Over HTTP** `GET /api/v1/events?types=credits,runs` streams those of the caller's account: `event` is
  `<domain>.<event>`, `data` the payload, `id` an opaque place to resume from by `Last-Event-ID`. A place that can no
  longer be resumed from gets one event `reset`: read your pages again. `GET /api/v1/events/poll?after=` gives the same
  in parts.
"""


def events_markdown(types: EventTypes, asyncapi: dict[str, Any]) -> str:
    """The page. `asyncapi` is the document of the same types, whose schemas the tables of fields are."""
    parts = [_INTRODUCTION, _contents(types)]
    for domain in sorted(types.domains):
        parts.append(f"## {domain}\n")
        parts += [_event(one, asyncapi) for one in types.all if one.domain == domain]
    return "\n".join([*parts, *_parts(types, asyncapi["components"]["schemas"])])


def _contents(types: EventTypes) -> str:
    rows = "".join(
        f"| [`{one.name}`](#{_anchor(one)}) | {one.service} | {one.role.name.lower()} |\n"
        for one in types.all
    )
    return f"| event | told by | heard by, and above |\n|---|---|---|\n{rows}"


def _anchor(one: EventType) -> str:
    """As GitHub makes it of the heading."""
    return one.name.replace(".", "")


def _event(one: EventType, asyncapi: dict[str, Any]) -> str:
    message = asyncapi["components"]["messages"][one.message.name]
    address = asyncapi["channels"][f"{one.domain}_{one.event}"]["address"]
    schemas = asyncapi["components"]["schemas"]
    fields = _fields(schemas, schemas[_name_of(message["payload"])])
    return (
        f"### {one.name}\n\n{message['description']}\n\n`{address}` · `{one.message.full_name}`\n\n{fields}"
    )


def _parts(types: EventTypes, schemas: dict[str, Any]) -> list[str]:
    """The messages that events hold."""
    events = {one.message.name for one in types.all}
    described = [
        f"### {name}\n\n{schema.get('description', '')}\n\n{_fields(schemas, schema)}"
        for name, schema in schemas.items()
        if name not in events
    ]
    return ["## What events hold\n", *described]


def _fields(schemas: dict[str, Any], message: Schema) -> str:
    rows = "".join(
        f"| `{name}` | {_type(schemas, schema)} | {_cell(schema.get('description', ''))} |\n"
        for name, schema in message["properties"].items()
    )
    return f"| field | type | meaning |\n|---|---|---|\n{rows}"


def _type(schemas: dict[str, Any], schema: Schema) -> str:
    if "anyOf" in schema:
        return f"{_type(schemas, schema['anyOf'][0])} or null"
    if "$ref" in schema:
        name = _name_of(schema)
        return f"[{name}](#{name.lower()})"
    kind = schema.get("type", "any")
    kinds = kind if isinstance(kind, list) else [kind]
    if "enum" in schema:
        return " · ".join("null" if word is None else f"`{word}`" for word in schema["enum"])
    if kinds[0] == "array":
        return f"list of {_type(schemas, schema['items'])}"
    if schema.get("format") == "date-time":
        kinds = ["instant", *kinds[1:]]
    return " or ".join(kinds)


def _name_of(reference: Schema) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _cell(text: str) -> str:
    return text.replace("\n\n", "<br>").replace("|", "\\|")
