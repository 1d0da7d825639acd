"""Every field by which a member of an account can name a thing, from the descriptors, and what kind of thing that is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from igny8.options.v1 import options_pb2

from chassis import wire_values
from gateway.operations import descriptor_set, product_files, service_of

FILES: Final = product_files(descriptor_set())
MEMBERS: Final = (
    options_pb2.ACCESS_SIGNED_IN,
    options_pb2.ACCESS_VIEWER,
    options_pb2.ACCESS_EDITOR,
    options_pb2.ACCESS_OWNER,
)

KINDS: Final = {
    "account_id": "account",
    "api_key_id": "api_key",
    "cluster_id": "cluster",
    "content_id": "content",
    "grant_id": "grant",
    "idea_id": "idea",
    "image_id": "image",
    "keyword_id": "keyword",
    "notification_id": "notification",
    "reservation_id": "reservation",
    "run_id": "run",
    "sector_id": "sector",
    "site_id": "site",
    "target_id": "site",
    "task_id": "task",
    "transaction_id": "transaction",
    "usage_id": "usage",
    "user_id": "user",
}
"""What a field of that name names."""

KINDS_OF: Final = {
    "CancelAiTask.task_id": "ai_task",
    "ChangeClusters.ids": "cluster",
    "ChangeContent.ids": "content",
    "ChangeIdeas.ids": "idea",
    "ChangeImages.ids": "image",
    "ChangeKeywords.ids": "keyword",
    "ChangeTasks.ids": "task",
    "GetAiTask.task_id": "ai_task",
    "ListAuditEntries.resource_id": "site",
    "ListClusters.ids": "cluster",
    "ListContent.ids": "content",
    "ListIdeas.ids": "idea",
    "ListImages.ids": "image",
    "ListKeywords.ids": "keyword",
    "ListTasks.ids": "task",
    "RetryFailedItems.changes.input_ids": "keyword",
    "RetryFailedItems.changes.item_id": "run_item",
    "RetryFailedItems.item_ids": "run_item",
    "RunFunction.ids": "keyword",
    "ShiftSchedule.content_ids": "content",
}
"""Where the name alone does not say it."""

VALUES: Final[dict[str, Any]] = {
    "RunFunction.function": "cluster_keywords",
    "RunFunction.ids": "0199aaaa-0000-7000-8000-000000000001",
    "Quote.model_name": "offline-text-1",
    # A run that never was: items are asked for below their run.
    "RetryFailedItems.run_id": "0199aaaa-0000-7000-8000-00000000dead",
    "RetryFailedItems.changes.item_id": "0199aaaa-0000-7000-8000-000000000001",
    "RetryFailedItems.changes.input_ids": "0199aaaa-0000-7000-8000-000000000001",
    "InviteUser.email": "somebody@example.com",
    "ChangeClusters.ids": "0199aaaa-0000-7000-8000-000000000001",
    "ChangeContent.ids": "0199aaaa-0000-7000-8000-000000000001",
    "CreateIdea.cluster_id": "0199aaaa-0000-7000-8000-000000000001",
    "ChangeIdeas.ids": "0199aaaa-0000-7000-8000-000000000001",
    "ChangeImages.ids": "0199aaaa-0000-7000-8000-000000000001",
    "ChangeKeywords.ids": "0199aaaa-0000-7000-8000-000000000001",
    "ChangeTasks.ids": "0199aaaa-0000-7000-8000-000000000001",
    "Move.date": "2030-01-07",
    "PutConnection.target": "webhook",
    "PutConnection.url": "https://hooks.example/in",
}
"""Values that get a request past validation where any text would not."""

FILE: Final = b"Keyword\nhow to sow carrots\n"
NESTING_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class IdField:
    """A field of a request that names things, by the way to it."""

    method: MethodDescriptor
    path: tuple[str, ...]
    field: FieldDescriptor

    def __str__(self) -> str:
        return f"{self.method.name}.{'.'.join(self.path)}"

    @property
    def kind(self) -> str:
        """What it names. Raises LookupError for a field that nobody has said this of."""
        found = KINDS_OF.get(str(self)) or KINDS.get(self.field.name)
        if found is None:
            raise LookupError(f"say in tests/journeys/id_fields.py what {self} names")
        return found


def members_methods() -> list[MethodDescriptor]:
    """Every method that members of an account may call."""
    return [
        method
        for file in FILES
        for service in file.services_by_name.values()
        for method in service.methods
        if method.GetOptions().Extensions[options_pb2.access] in MEMBERS
    ]


def id_fields() -> list[IdField]:
    """Every field of those methods that names things; `request_id` names the caller's own call."""
    return [
        IdField(method, path, field)
        for method in members_methods()
        for path, field in _fields(method.input_type, (), NESTING_MAX)
    ]


def service_of_method(method: MethodDescriptor) -> str:
    """The service that has the method: `billing`, `ai`, …"""
    return service_of(method.containing_service.file)


def filled(method: MethodDescriptor, ids: dict[str, str], settings: dict[str, Any]) -> Any:
    """A request with every required field; `ids` by kind name the caller's own things, `settings` are its own by field."""
    request: Any = message_factory.GetMessageClass(method.input_type)()
    for field in method.input_type.fields:
        wanted = field.name in ("site_id", "file") or f"{method.name}.{field.name}" in VALUES
        if not (_rules(field).required or wanted):
            continue
        if field.name in settings:
            getattr(request, field.name).CopyFrom(settings[field.name])
        elif field.name == "file":
            request.file.data = FILE
        elif wire_values.kind_of(field) == "message":
            for inner in wire_values.message_type(field).fields:
                if _rules(inner).required:
                    setattr(getattr(request, field.name), inner.name, _value(method, inner, ids))
        elif field.is_repeated:
            getattr(request, field.name).append(_value(method, field, ids))
        else:
            setattr(request, field.name, _value(method, field, ids))
    return request


def put(request: Any, id_field: IdField, value: str) -> None:
    """Sets the field at the end of the way; of many things on it, in the first, which is made where there is none."""
    way = id_field.method.name
    for name in id_field.path[:-1]:
        repeated = request.DESCRIPTOR.fields_by_name[name].is_repeated
        request, way = getattr(request, name), f"{way}.{name}"
        if repeated:
            request = request[0] if request else _with_values(request.add(), way)
    if id_field.field.is_repeated:
        del getattr(request, id_field.field.name)[:]
        getattr(request, id_field.field.name).append(value)
    else:
        setattr(request, id_field.field.name, value)


def _with_values(message: Any, way: str) -> Any:
    """The message with what its fields need, by the way to it."""
    for field in message.DESCRIPTOR.fields:
        given = VALUES.get(f"{way}.{field.name}")
        if given is not None and field.is_repeated:
            getattr(message, field.name).append(given)
        elif given is not None:
            setattr(message, field.name, given)
    return message


def _fields(
    message: Descriptor, path: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], FieldDescriptor]]:
    for field in message.fields:
        here = (*path, field.name)
        if wire_values.kind_of(field) == "message":
            inner = wire_values.message_type(field)
            if depth and inner.full_name.startswith("igny8."):
                yield from _fields(inner, here, depth - 1)
        elif field.name != "request_id" and _names_things(field):
            yield here, field


def _names_things(field: FieldDescriptor) -> bool:
    return (
        _rules(field).format == "uuid" or field.name in ("id", "ids") or field.name.endswith(("_id", "_ids"))
    )


def _value(method: MethodDescriptor, field: FieldDescriptor, ids: dict[str, str]) -> Any:
    given = VALUES.get(f"{method.name}.{field.name}")
    if given is not None:
        return given
    if _names_things(field):
        return ids.get(IdField(method, (field.name,), field).kind, "")
    kind = wire_values.kind_of(field)
    if kind == "string":
        return "a-word"
    return 1


def _rules(field: FieldDescriptor) -> options_pb2.FieldRules:
    rules: options_pb2.FieldRules = field.GetOptions().Extensions[options_pb2.rules]
    return rules
