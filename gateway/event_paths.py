"""The live events as OpenAPI has them: the one stream, and the same for who cannot hold a stream open."""

from gateway.events import POLL_EVENTS_MAX
from gateway.schemas import Schema


def stream(domains: frozenset[str]) -> Schema:
    """GET /api/v1/events."""
    return {
        "operationId": "StreamEvents",
        "tags": ["Events"],
        "summary": "Streams the account's events as they happen.",
        "description": (
            "Server-sent events: `event` is `<domain>.<event>`, `data` the event's JSON, `id` an opaque place in the "
            "stream. Send the last one back as `Last-Event-ID` to go on without loss or repeat. A `reset` event says "
            "that this is no longer possible: read your pages again."
        ),
        "x-access": "any signed-in caller",
        "parameters": [
            _types(domains),
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "The id of the last event that arrived.",
            },
        ],
        "responses": {
            "200": {
                "description": "A stream that stays open.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            "default": {"$ref": "#/components/responses/Problem"},
        },
        "security": [{"bearer": []}, {"session": []}],
    }


def poll(domains: frozenset[str]) -> Schema:
    """GET /api/v1/events/poll."""
    event: Schema = {
        "type": "object",
        "required": ["id", "event", "data"],
        "properties": {
            "id": {"type": "string", "description": "Its place in the stream."},
            "event": {"type": "string", "description": "`<domain>.<event>`."},
            "data": {"type": "object", "description": "The event."},
        },
    }
    answer: Schema = {
        "type": "object",
        "required": ["events", "next", "reset"],
        "properties": {
            "events": {
                "type": "array",
                "items": event,
                "description": f"At most {POLL_EVENTS_MAX}, in order.",
            },
            "next": {"type": "string", "description": "Send it as `after` the next time."},
            "reset": {"type": "boolean", "description": "Events were lost to you: read your pages again."},
        },
    }
    after: Schema = {
        "name": "after",
        "in": "query",
        "required": False,
        "schema": {"type": "string"},
        "description": "The `next` of the answer before, or any event's id; without it only `next` is answered.",
    }
    return {
        "operationId": "PollEvents",
        "tags": ["Events"],
        "summary": "The account's events after a place, for clients that cannot hold a stream open.",
        "description": "The same events as of the stream, without loss or repeat from one `next` to the next.",
        "x-access": "any signed-in caller",
        "parameters": [_types(domains), after],
        "responses": {
            "200": {"description": "What happened.", "content": {"application/json": {"schema": answer}}},
            "default": {"$ref": "#/components/responses/Problem"},
        },
        "security": [{"bearer": []}, {"session": []}],
    }


def _types(domains: frozenset[str]) -> Schema:
    return {
        "name": "types",
        "in": "query",
        "required": False,
        "description": "Only events of these domains.",
        "style": "form",
        "explode": False,
        "schema": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": sorted(domains)}},
    }
