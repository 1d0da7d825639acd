"""What the audit log is to know of one write, gathered while it is answered: from the protos, never from the body's text."""

import re
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from igny8.billing import v1 as billing
from igny8.options.v1 import options_pb2

from chassis import wire_values
from chassis.access import changes_something
from chassis.identity import Caller, CallerKind
from gateway.operations import Operation

RESOURCES_MAX: Final = 20
REQUEST_ID_LENGTH_MAX: Final = 128

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_IN_PATH: Final = re.compile(r"[A-Za-z0-9._~-]{1,100}")
"""A path may name a thing by a word, as a model; whatever else stands there is left out."""


class AuditRule:
    """Which fields of a method name things; made once from its descriptor. Reads have no rule."""

    def __init__(self, operation: Operation) -> None:
        self.method = operation.method.full_name
        self.is_public = operation.access == options_pb2.ACCESS_PUBLIC
        request = operation.method.input_type
        self._path = tuple(
            None if _is_secret(request, variable) else variable for variable in operation.variables
        )
        self._request = [((one.name,), one) for one in request.fields if _names_things(one)] + [
            ((outer.name, inner.name), inner)
            for outer in _messages(request)
            for inner in wire_values.message_type(outer).fields
            if _names_things(inner)
        ]
        self._made = [one.name for one in _messages(operation.method.output_type) if _has(one, "id")]
        self._accounts = [
            one.name for one in _messages(operation.method.output_type) if _has(one, "account_id")
        ]
        self._has_request_id = "request_id" in request.fields_by_name

    @classmethod
    def of(cls, operation: Operation) -> "AuditRule | None":
        """The rule of a method that may change something, by its idempotency_level; None for one that only reads."""
        return cls(operation) if changes_something(operation.method) else None

    def resources(
        self, values: tuple[str, ...], request: Any, response: Any
    ) -> list[billing.AuditEntry.Resource]:
        """What the call was about and what it made, each once."""
        found: dict[tuple[str, str], None] = {}
        for variable, value in zip(self._path, values, strict=True):
            if variable is not None and _IN_PATH.fullmatch(value):
                found[variable, value] = None
        for path, one in self._request if request is not None else ():
            for value in _values(request, path, one):
                if _UUID.fullmatch(value):
                    found[one.name, value] = None
        for name in self._made if response is not None else ():
            if response.HasField(name):
                found[f"{name}_id", getattr(response, name).id] = None
        listed = [(name, id) for name, id in found if id][:RESOURCES_MAX]
        return [billing.AuditEntry.Resource(field=name, id=id) for name, id in listed]

    def account_of(self, request: Any, response: Any) -> str:
        """The account that a call of the operator was about; empty where neither message says."""
        named = str(getattr(request, "account_id", "")) if request is not None else ""
        for name in self._accounts if response is not None and not named else ():
            named = named or str(getattr(response, name).account_id)
        return named if _UUID.fullmatch(named) else ""

    def request_id_of(self, request: Any) -> str:
        """The caller's own id of the call."""
        return str(request.request_id)[:REQUEST_ID_LENGTH_MAX] if self._has_request_id and request else ""


@dataclass(slots=True)
class Note:
    """One write while it is answered."""

    rule: AuditRule
    values: tuple[str, ...] = ()
    """The path's variables, in the template's order."""
    caller: Caller | None = None
    request: Message | None = None
    response: Message | None = None
    reached: bool = False
    """Whether a service was asked."""
    outcome: str = "OK"
    """Or the reason of the refusal."""

    @property
    def is_kept(self) -> bool:
        """Whether there is anything to keep: somebody known did it, or a service looked at what anybody may do.

        What is refused to nobody before, and sign-ins beyond their limit, would only let strangers fill the log.
        """
        return self.caller is not None or (self.reached and self.outcome != "RATE_LIMITED")

    @property
    def account_id(self) -> str:
        """The account it belongs to: the caller's, or of the operator's calls the one they are about."""
        if self.caller is None:
            return ""
        if self.caller.kind is CallerKind.OPERATOR:
            return self.rule.account_of(self.request, self.response)
        return self.caller.account_id or ""

    @property
    def resources(self) -> list[billing.AuditEntry.Resource]:
        """What it was about."""
        return self.rule.resources(self.values, self.request, self.response)


def _messages(descriptor: Descriptor) -> list[FieldDescriptor]:
    return [one for one in descriptor.fields if wire_values.kind_of(one) == "message" and not one.is_repeated]


def _has(one: FieldDescriptor, name: str) -> bool:
    found = wire_values.message_type(one).fields_by_name.get(name)
    return found is not None and wire_values.kind_of(found) == "string" and not found.is_repeated


def _names_things(one: FieldDescriptor) -> bool:
    named = one.name in ("id", "ids") or one.name.endswith(("_id", "_ids"))
    is_text = wire_values.kind_of(one) == "string"
    return named and is_text and one.name != "request_id" and not _sensitive(one)


def _is_secret(request: Descriptor, variable: str) -> bool:
    one = request.fields_by_name.get(variable)
    return one is None or _sensitive(one)


def _sensitive(one: FieldDescriptor) -> bool:
    return bool(one.GetOptions().Extensions[options_pb2.sensitive])


def _values(request: Any, path: tuple[str, ...], one: FieldDescriptor) -> list[str]:
    for name in path[:-1]:
        request = getattr(request, name)
    found = getattr(request, path[-1])
    return list(found) if one.is_repeated else [found]
