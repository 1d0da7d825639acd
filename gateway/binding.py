"""Builds a method's request message from path, query, body and headers, and says every fault of them at once."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from chassis import wire_json, wire_values
from chassis.refusal import FieldFault, RequestInvalid
from gateway.operations import HTTP_BODY, Operation

QUERY_PARAMETERS_MAX = 200
NESTING_MAX = 4
"""How deep a query parameter such as `filter.created.after` may reach into messages."""

_TEXT_MESSAGES = {
    f"google.protobuf.{name}" for name in ("Timestamp", "Duration", "FieldMask", "StringValue", "BytesValue")
}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter: the field it sets, and the messages on the way there."""

    path: tuple[str, ...]
    field: FieldDescriptor


class Binding:
    """How one operation's request message is made; compiled once."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        request = operation.method.input_type
        self.message_class: type[Message] = message_factory.GetMessageClass(request)
        self.parameters = query_parameters(operation)
        self._path_fields = [_field_at(request, variable) for variable in operation.variables]
        self._body_field = request.fields_by_name.get(operation.body)
        self._takes_request_id = _is_text(request, "request_id")
        self._takes_etag = _is_text(request, "etag")

    def message(
        self, values: tuple[str, ...], query: bytes, body: bytes | None, headers: dict[str, str]
    ) -> Message:
        """The request message. `body` is None where the operation takes none or streams it.

        Raises RequestInvalid with the faults of path, query and body together.
        """
        message = self.message_class()
        faults: list[FieldFault] = []
        document = self._from_query(query, faults)
        for variable, field, text in zip(self._operation.variables, self._path_fields, values, strict=True):
            _put(document, tuple(variable.split(".")), _from_text(field, text))
        faults += wire_json.fill(message, document)
        if body is not None:
            faults += self._fill_body(message, body)
        faults += self._from_headers(message, headers)
        if faults:
            raise RequestInvalid(*faults)
        return message

    def _from_query(self, query: bytes, faults: list[FieldFault]) -> dict[str, Any]:
        document: dict[str, Any] = {}
        given: dict[str, list[str]] = {}
        for name, text in _pairs(query):
            given.setdefault(name, []).append(text)
        for name, texts in given.items():
            parameter = self.parameters.get(name)
            if parameter is None:
                faults.append(FieldFault(name[:100], self._unknown()))
            elif parameter.field.is_repeated:
                _put(document, parameter.path, [_from_text(parameter.field, text) for text in texts])
            elif len(texts) > 1:
                faults.append(FieldFault(name, "must be given once"))
            else:
                _put(document, parameter.path, _from_text(parameter.field, texts[0]))
        return document

    def _unknown(self) -> str:
        named = ", ".join(sorted(self.parameters))
        return f"is not a parameter here; there are {named}" if named else "is not a parameter here"

    def _fill_body(self, message: Message, body: bytes) -> list[FieldFault]:
        try:
            document = wire_json.parse(body or b"{}")
        except RequestInvalid as invalid:
            return list(invalid.fields)
        field = self._body_field
        if field is not None and not body:
            # Left out, not set to nothing: whether that may be is said by the field's rules.
            return []
        if field is None:
            return self._path_conflicts(document) or wire_json.fill(message, document)
        name = field.name
        if wire_values.kind_of(field) != "message" or field.is_repeated:
            return wire_json.fill(message, {name: document})
        part = getattr(message, name)
        part.SetInParent()
        return wire_json.fill(part, document)

    def _path_conflicts(self, document: Any) -> list[FieldFault]:
        if not isinstance(document, dict):
            return []
        return [
            FieldFault(variable, "is set by the path and not taken from the body")
            for variable in self._operation.variables
            if variable in document
        ]

    def _from_headers(self, message: Any, headers: dict[str, str]) -> list[FieldFault]:
        faults: list[FieldFault] = []
        key = headers.get("idempotency-key", "")
        if key and self._takes_request_id:
            if message.request_id and message.request_id != key:
                faults.append(FieldFault("request_id", "differs from the header Idempotency-Key"))
            message.request_id = key
        etag = headers.get("if-match", "")
        if etag and etag != "*" and self._takes_etag:
            value = unquoted(etag)
            if "," in etag:
                faults.append(FieldFault("If-Match", "must name one ETag"))
            elif message.etag and message.etag != value:
                faults.append(FieldFault("etag", "differs from the header If-Match"))
            message.etag = value
        return faults


def unquoted(etag: str) -> str:
    """The value inside an ETag header, weak or not."""
    return etag.strip().removeprefix("W/").strip('"')


def query_parameters(operation: Operation) -> dict[str, Parameter]:
    """The query parameters an operation takes: every field that neither the path nor the body sets."""
    if operation.body == "*":
        return {}
    found = _parameters(operation.method.input_type, (), NESTING_MAX)
    return {
        name: parameter
        for name, parameter in found.items()
        if name not in operation.variables and parameter.path[0] != operation.body
    }


def _parameters(descriptor: Descriptor, prefix: tuple[str, ...], depth: int) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for field in descriptor.fields:
        path = (*prefix, field.name)
        if wire_values.kind_of(field) != "message" or _is_text_message(field):
            found[".".join(path)] = Parameter(path, field)
        elif not field.is_repeated and depth > 1 and not _is_opaque(field):
            found |= _parameters(wire_values.message_type(field), path, depth - 1)
    return found


def _is_text_message(field: FieldDescriptor) -> bool:
    return wire_values.message_type(field).full_name in _TEXT_MESSAGES


def _is_opaque(field: FieldDescriptor) -> bool:
    name = wire_values.message_type(field).full_name
    return name == HTTP_BODY or name.startswith("google.protobuf.")


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=QUERY_PARAMETERS_MAX,
        )
    except UnicodeDecodeError:
        raise RequestInvalid(FieldFault("query", "is not percent-encoded UTF-8")) from None
    except ValueError:
        raise RequestInvalid(
            FieldFault("query", f"has more than {QUERY_PARAMETERS_MAX} parameters")
        ) from None


def _from_text(field: FieldDescriptor, text: str) -> Any:
    """The JSON value a parameter's text stands for; text that does not fit is left for the reader to refuse."""
    kind = wire_values.kind_of(field)
    if kind == "bool":
        return {"true": True, "false": False}.get(text, text)
    if wire_values.int_range(kind) is not None:
        try:
            return wire_values.integer_from_text(text)
        except wire_values.WrongValueError:
            return text
    if kind in ("double", "float") and _NUMBER.fullmatch(text):
        return float(text)
    return text


def _put(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        document = document.setdefault(name, {})
    document[path[-1]] = value


def _field_at(descriptor: Descriptor, path: str) -> FieldDescriptor:
    *parents, last = path.split(".")
    for name in parents:
        descriptor = wire_values.message_type(descriptor.fields_by_name[name])
    return descriptor.fields_by_name[last]


@cache
def _is_text(descriptor: Descriptor, name: str) -> bool:
    field = descriptor.fields_by_name.get(name)
    return field is not None and wire_values.kind_of(field) == "string" and not field.is_repeated
