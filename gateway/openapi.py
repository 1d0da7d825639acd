"""The OpenAPI 3.1 document, made from the same operations, rules and comments that serve the requests."""

import re
from collections.abc import Iterable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from igny8.options.v1 import options_pb2

from chassis.errors import CATALOGUE
from gateway import bodies, event_paths, events
from gateway.binding import QUERY_PARAMETERS_MAX, query_parameters
from gateway.comments import Comments
from gateway.credentials import CSRF_COOKIE, SESSION_COOKIE
from gateway.operations import Operation
from gateway.problems import PROBLEM_JSON, title_of
from gateway.schemas import STRING_LENGTH_MAX, Schema, Schemas
from gateway.sessions import MODE_COOKIE, session_part

VERSION = "0.1.0"

QUERY_ITEMS_MAX = QUERY_PARAMETERS_MAX // 2
"""A list in a query leaves room for the other parameters."""

_NEEDED: dict[int, str] = {
    options_pb2.ACCESS_PUBLIC: "anyone",
    options_pb2.ACCESS_SIGNED_IN: "any signed-in caller",
    options_pb2.ACCESS_VIEWER: "viewer",
    options_pb2.ACCESS_EDITOR: "editor",
    options_pb2.ACCESS_OWNER: "owner",
    options_pb2.ACCESS_OPERATOR: "operator",
}
_REASON = re.compile(r"\b[A-Z][A-Z_]{4,}\b")
_PROBLEM_EXAMPLE = {
    "type": "/docs#NOT_FOUND",
    "title": "Not found",
    "status": 404,
    "detail": "No site has the id 01990000-0000-7000-8000-000000000000. It may have been deleted.",
    "reason": "NOT_FOUND",
    "metadata": {"kind": "site", "id": "01990000-0000-7000-8000-000000000000"},
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "errors": [],
}
_PROBLEM_CONTENT = {
    PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _PROBLEM_EXAMPLE}
}


def document(operations: Iterable[Operation], comments: Comments, domains: frozenset[str]) -> dict[str, Any]:
    """The whole document, ready for JSON."""
    schemas = Schemas(comments)
    paths: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    for operation in operations:
        # An additional binding answers by the same method: its operation id must be another.
        name = operation.method.name
        operation_id = name if name not in seen else f"{name}{operation.verb.title()}{len(seen)}"
        seen.add(operation_id)
        described = _operation(operation, operation_id, schemas, comments)
        paths.setdefault(operation.template, {})[operation.verb.lower()] = described
    paths.setdefault(events.PATH, {})["get"] = event_paths.stream(domains)
    paths.setdefault(events.POLL_PATH, {})["get"] = event_paths.poll(domains)
    schemas.components["Problem"] = _problem_schema()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "igny8",
            "version": VERSION,
            "description": "Keywords to published articles, paid for in prepaid credits that always add up.",
        },
        "servers": [{"url": "/"}],
        "tags": _tags(operations, comments),
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key (`igny8_…`) or an access token of /api/v1/auth/login.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SESSION_COOKIE,
                    "description": (
                        "What signing in sets for the pages of the product; over https its name begins with `__Host-`. "
                        "A header Authorization counts before it."
                    ),
                },
                "csrf": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-CSRF-Token",
                    "description": f"With the session cookie, the value of the cookie `{CSRF_COOKIE}`.",
                },
            },
            "responses": {
                "Problem": {"description": "Refused; `reason` says why.", "content": _PROBLEM_CONTENT},
                "ProblemOrPage": {
                    "description": "Refused; a page for whoever accepts text/html.",
                    "content": {**_PROBLEM_CONTENT, "text/html": {"schema": {"type": "string"}}},
                },
            },
        },
    }


def _operation(operation: Operation, operation_id: str, schemas: Schemas, comments: Comments) -> Schema:
    method = operation.method
    comment = comments.get(method.full_name, method.name)
    summary = comment.partition("\n\n")[0]
    described: Schema = {
        "operationId": operation_id,
        "tags": [method.containing_service.name],
        "summary": summary,
        "description": comment,
        "x-access": _NEEDED.get(operation.access, ""),
        "parameters": _parameters(operation, schemas),
        "responses": _responses(operation, schemas, comment),
        "security": _security(operation),
    }
    if operation.body:
        described["requestBody"] = _request_body(operation, schemas)
    return described


def _security(operation: Operation) -> list[Schema]:
    """Any one of these: a token, or the session cookie, with its CSRF token where something may change."""
    if operation.access == options_pb2.ACCESS_PUBLIC:
        return []
    cookie: Schema = {"session": []} if operation.verb == "GET" else {"session": [], "csrf": []}
    return [{"bearer": []}, cookie]


def _parameters(operation: Operation, schemas: Schemas) -> list[Schema]:
    request = operation.method.input_type
    found: list[Schema] = []
    for variable in operation.variables:
        field = request.fields_by_name[variable.split(".")[0]]
        schema = schemas.field(field, request=True)
        found.append(_parameter(variable, "path", {**schema, "minLength": 1}, required=True))
    for name, parameter in query_parameters(operation).items():
        schema = schemas.field(parameter.field, request=True)
        found.append(_parameter(name, "query", schema, required=_required(parameter.field)))
    fields = request.fields_by_name
    if "request_id" in fields:
        rules = fields["request_id"].GetOptions().Extensions[options_pb2.rules]
        schema = {"type": "string", "maxLength": rules.max_length or STRING_LENGTH_MAX}
        text = "Repeats of one call carry one key: the answer is the first one's. Sets request_id."
        found.append(_parameter("Idempotency-Key", "header", {**schema, "description": text}, required=False))
    if "etag" in fields:
        text = "The ETag of what is to be changed; 412 when it was changed meanwhile."
        schema = {"type": "string", "pattern": "^[^,]*$", "description": text}
        found.append(_parameter("If-Match", "header", schema, required=False))
    part = session_part(operation)
    if part is not None and part.gives:
        text = "Keeps the tokens out of the answer: the session cookie is all that a page needs."
        schema = {"type": "string", "enum": [MODE_COOKIE], "description": text}
        found.append(_parameter("X-Session", "header", schema, required=False))
    return found


def _parameter(name: str, place: str, schema: Schema, *, required: bool) -> Schema:
    description = schema.pop("description", "")
    described: Schema = {"name": name, "in": place, "required": required, "schema": schema}
    if description:
        described["description"] = description
    if place == "query" and schema.get("type") == "array":
        described |= {"style": "form", "explode": True}
        schema["maxItems"] = min(schema["maxItems"], QUERY_ITEMS_MAX)
    return described


def _required(field: FieldDescriptor) -> bool:
    return bool(field.GetOptions().Extensions[options_pb2.rules].required)


def _request_body(operation: Operation, schemas: Schemas) -> Schema:
    if operation.is_upload:
        content: Schema = {kind: {"schema": {}} for kind in bodies.UPLOAD_TYPES}
        return {"required": True, "description": "At most 20 MB.", "content": content}
    request = operation.method.input_type
    if operation.body == "*":
        schema = schemas.reference(request, request=True, without=frozenset(operation.variables))
        needed = any(_required(field) for field in request.fields if field.name not in operation.variables)
    else:
        schema = schemas.field(request.fields_by_name[operation.body], request=True)
        needed = _required(request.fields_by_name[operation.body])
    return {"required": needed, "content": {bodies.JSON_TYPE: {"schema": schema}}}


def _responses(operation: Operation, schemas: Schemas, comment: str) -> Schema:
    status = str(operation.success_status)
    success: Schema = {"description": "Done."}
    response = operation.method.output_type
    if operation.answers_file:
        success["content"] = {"*/*": {"schema": {"type": "string", "contentEncoding": "binary"}}}
    elif operation.success_status != 204:
        if operation.response_body:
            field = response.fields_by_name[operation.response_body]
            schema = schemas.field(field, request=False)
            schema.pop("description", "")
        else:
            schema = schemas.reference(response, request=False)
        success["content"] = {bodies.JSON_TYPE: {"schema": schema}}
        success["headers"] = {
            "X-Trace-Id": {"description": "Names this call in logs.", "schema": {"type": "string"}}
        }
    responses: Schema = {status: success}
    for reason in _REASON.findall(comment):
        meaning = CATALOGUE.get(reason)
        if meaning is not None:
            named = _named_problem(reason, _refusal_of(operation))
            responses.setdefault(str(meaning.http_status), named)
    responses["default"] = {"$ref": f"#/components/responses/{_refusal_of(operation)}"}
    return responses


def _refusal_of(operation: Operation) -> str:
    """Outside /api/ a person may ask, and is told by a page."""
    return "Problem" if operation.template.startswith("/api/") else "ProblemOrPage"


def _named_problem(reason: str, form: str) -> Schema:
    content: Schema = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if form == "ProblemOrPage":
        content["text/html"] = {"schema": {"type": "string"}}
    return {"description": f"{title_of(reason)} (`{reason}`).", "content": content}


def _problem_schema() -> Schema:
    return {
        "type": "object",
        "description": "Why a call was refused, after RFC 9457.",
        "required": ["type", "title", "status", "detail", "reason", "metadata", "trace_id", "errors"],
        "properties": {
            "type": {"type": "string", "description": "Where the reason is explained."},
            "title": {"type": "string", "description": "The reason in words."},
            "status": {"type": "integer", "description": "The HTTP status."},
            "detail": {"type": "string", "description": "What happened, the numbers, and the way out."},
            "reason": {"type": "string", "enum": sorted(CATALOGUE), "description": "For programs."},
            "metadata": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Everything that varies in `detail`.",
            },
            "trace_id": {"type": "string", "description": "Names this call in logs."},
            "errors": {
                "type": "array",
                "description": "Every field that is wrong.",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                },
            },
        },
    }


def _tags(operations: Iterable[Operation], comments: Comments) -> list[Schema]:
    services = {operation.method.containing_service.name: operation.method for operation in operations}
    tags = [
        {"name": name, "description": comments.get(method.containing_service.full_name, "")}
        for name, method in services.items()
    ]
    return [*tags, {"name": "Events", "description": "What happens, as it happens."}]
