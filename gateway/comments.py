"""The comments of the protos by full name, from the source info of the descriptor set."""

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

Comments = dict[str, str]
Path = tuple[int, ...]

_FILE_MESSAGES = FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER
_FILE_ENUMS = FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER
_FILE_SERVICES = FileDescriptorProto.SERVICE_FIELD_NUMBER
_FIELDS = DescriptorProto.FIELD_FIELD_NUMBER
_NESTED = DescriptorProto.NESTED_TYPE_FIELD_NUMBER
_NESTED_ENUMS = DescriptorProto.ENUM_TYPE_FIELD_NUMBER
_VALUES = EnumDescriptorProto.VALUE_FIELD_NUMBER
_METHODS = ServiceDescriptorProto.METHOD_FIELD_NUMBER


def comments_of(found: FileDescriptorSet) -> Comments:
    """Full name -> comment, for every message, field, enum, enum value (`Enum.VALUE`), service and method."""
    comments: Comments = {}
    for file in found.file:
        said = {
            tuple(location.path): location.leading_comments.strip()
            for location in file.source_code_info.location
            if location.leading_comments.strip()
        }
        names: dict[Path, str] = {}
        for index, message in enumerate(file.message_type):
            _name_message(message, file.package, (_FILE_MESSAGES, index), names)
        for index, enum in enumerate(file.enum_type):
            _name_enum(enum, file.package, (_FILE_ENUMS, index), names)
        for index, service in enumerate(file.service):
            path = (_FILE_SERVICES, index)
            names[path] = f"{file.package}.{service.name}"
            for number, method in enumerate(service.method):
                names[(*path, _METHODS, number)] = f"{file.package}.{service.name}.{method.name}"
        comments |= {name: _tidy(said[path]) for path, name in names.items() if path in said}
    return comments


def _name_message(message: DescriptorProto, scope: str, path: Path, names: dict[Path, str]) -> None:
    name = names[path] = f"{scope}.{message.name}"
    for index, field in enumerate(message.field):
        names[(*path, _FIELDS, index)] = f"{name}.{field.name}"
    for index, nested in enumerate(message.nested_type):
        _name_message(nested, name, (*path, _NESTED, index), names)
    for index, enum in enumerate(message.enum_type):
        _name_enum(enum, name, (*path, _NESTED_ENUMS, index), names)


def _name_enum(enum: EnumDescriptorProto, scope: str, path: Path, names: dict[Path, str]) -> None:
    name = names[path] = f"{scope}.{enum.name}"
    for index, value in enumerate(enum.value):
        names[(*path, _VALUES, index)] = f"{name}.{value.name}"


def _tidy(comment: str) -> str:
    """Lines of one paragraph joined, paragraphs kept."""
    paragraphs = comment.replace("\r", "").split("\n\n")
    return "\n\n".join(" ".join(line.strip() for line in one.split("\n")).strip() for one in paragraphs)
