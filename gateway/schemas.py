"""JSON Schemas (2020-12) of our messages, as `chassis.wire_json` reads and writes them."""

from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from igny8.options.v1 import options_pb2

from chassis import wire_values
from gateway.comments import Comments

Schema = dict[str, Any]

STRING_LENGTH_MAX = 10_000
ITEMS_MAX = 1_000
TEXT_PATTERN = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$"
"""Any text but for control characters, which no string may hold (`chassis.validation`); tab and newline are text."""

INT64_RANGE = wire_values.int_range("int64")

_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,9})?s$"},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.BoolValue": {"type": "boolean"},
    "google.protobuf.StringValue": {"type": "string"},
    "google.protobuf.DoubleValue": {"type": "number"},
    "google.protobuf.Int64Value": {"type": "integer"},
    "google.protobuf.Int32Value": {"type": "integer"},
}
_FORMATS: dict[str, Schema] = {
    "uuid": {"format": "uuid"},
    "email": {"format": "email"},
    "uri": {"format": "uri"},
    "date": {"format": "date"},
    "decimal": {"format": "decimal", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    "local_time": {"format": "local_time", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9]$"},
    "time_zone": {"format": "time_zone"},
    "slug": {"format": "slug", "pattern": r"^[a-z0-9]+(-[a-z0-9]+)*$"},
}


class Schemas:
    """The component schemas of one document; a message is written when it is first asked for.

    A message has up to two: what a request takes (rules, `required`) and what an answer holds (every field is there).
    """

    def __init__(self, comments: Comments) -> None:
        self._comments = comments
        self.components: dict[str, Schema] = {}
        self._owners: dict[str, str] = {}

    def reference(
        self, message: Descriptor, *, request: bool, without: frozenset[str] = frozenset()
    ) -> Schema:
        """A `$ref` to the message; `without` names top-level fields the body does not hold (the path does)."""
        well_known = _WELL_KNOWN.get(message.full_name)
        if well_known is not None:
            return dict(well_known)
        name = self._component_name(message, request=request)
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self._message(message, request=request, without=without)
        return {"$ref": f"#/components/schemas/{name}"}

    def field(self, field: FieldDescriptor, *, request: bool) -> Schema:
        """The schema of a field with its rules and its comment, without null."""
        if wire_values.is_map(field):
            key, value = wire_values.message_type(field).fields
            element = self._element(value, request=request)
            if request:
                element |= _value_rules(value, _rules(field))
            schema: Schema = {"type": "object", "additionalProperties": element}
            if request:
                schema |= _map_rules(key, _rules(field))
        elif field.is_repeated:
            element = self._element(field, request=request)
            if request:
                element |= _value_rules(field, _rules(field))
            schema = {"type": "array", "items": element}
            if request:
                schema |= _list_rules(_rules(field))
        else:
            schema = self._element(field, request=request)
            if request:
                schema |= _value_rules(field, _rules(field))
            elif _rules(field).format in ("uuid", "email", "date") and schema.get("type") == "string":
                schema["x-format"] = _rules(field).format
        comment = self._comments.get(field.full_name, "")
        return {**schema, "description": comment} if comment else schema

    def _component_name(self, message: Descriptor, *, request: bool) -> str:
        """`Site` for what answers hold, `SiteInput` for the same message in a request."""
        package, _, name = message.full_name.partition(".v1.")
        short = (name or package).replace(".", "")
        if request and not short.endswith("Request"):
            short = f"{short}Input"
        if self._owners.setdefault(short, message.full_name) == message.full_name:
            return short
        return package.rpartition(".")[2].title() + short

    def _message(self, message: Descriptor, *, request: bool, without: frozenset[str]) -> Schema:
        fields = [field for field in message.fields if field.name not in without]
        schema: Schema = {
            "type": "object",
            "properties": {field.name: self._property(field, request=request) for field in fields},
            "additionalProperties": False,
        }
        required = [field.name for field in fields if _is_required(field, request=request)]
        if required:
            schema["required"] = required
        comment = self._comments.get(message.full_name, "")
        return {"description": comment, **schema} if comment else schema

    def _property(self, field: FieldDescriptor, *, request: bool) -> Schema:
        schema = self.field(field, request=request)
        if not _may_be_null(field, request=request):
            return schema
        if isinstance(schema.get("type"), str):
            schema["type"] = [schema["type"], "null"]
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], None]
            return schema
        if "$ref" not in schema:
            return schema
        description = schema.pop("description", "")
        either: Schema = {"anyOf": [schema, {"type": "null"}]}
        return {**either, "description": description} if description else either

    def _element(self, field: FieldDescriptor, *, request: bool) -> Schema:
        kind = wire_values.kind_of(field)
        if kind == "message":
            return self.reference(wire_values.message_type(field), request=request)
        if kind == "enum":
            return {
                "type": "string",
                "enum": list(wire_values.public_enum_words(wire_values.enum_type(field))),
            }
        bounds = wire_values.int_range(kind)
        if bounds is not None:
            return {"type": "integer", "format": kind, "minimum": bounds[0], "maximum": bounds[1]}
        return {
            "bool": {"type": "boolean"},
            "double": {"type": "number", "format": "double"},
            "float": {"type": "number", "format": "float"},
            "bytes": {"type": "string", "contentEncoding": "base64"},
            "string": {"type": "string"},
        }[kind]

    def enum_words(self, enum: EnumDescriptor) -> dict[str, str]:
        """Each word a caller chooses from with its comment."""
        names = {value.number: value.name for value in enum.values}
        words = wire_values.enum_words(enum)
        return {
            word: self._comments.get(f"{enum.full_name}.{names[words[word]]}", "")
            for word in wire_values.public_enum_words(enum)
        }


def _rules(field: FieldDescriptor) -> options_pb2.FieldRules:
    rules: options_pb2.FieldRules = field.GetOptions().Extensions[options_pb2.rules]
    return rules


def _is_required(field: FieldDescriptor, *, request: bool) -> bool:
    if request:
        rules = _rules(field)
        return rules.required or rules.min_items > 0 or _zero_is_refused(field)
    # Answers hold every field, but for a free-form value that is absent.
    return not wire_values.is_free_value(field)


def _zero_is_refused(field: FieldDescriptor) -> bool:
    """A number without presence is 0 when it is left out, and its least value may be more than that."""
    return not field.has_presence and not field.is_repeated and _rules(field).min > 0


def _may_be_null(field: FieldDescriptor, *, request: bool) -> bool:
    if request:
        return not _is_required(field, request=True)
    is_lone_enum = wire_values.kind_of(field) == "enum" and not field.is_repeated
    return field.has_presence or is_lone_enum


def _list_rules(rules: options_pb2.FieldRules) -> Schema:
    least = rules.min_items or (1 if rules.required else 0)
    return {"maxItems": rules.max_items or ITEMS_MAX} | ({"minItems": least} if least else {})


def _map_rules(key: FieldDescriptor, rules: options_pb2.FieldRules) -> Schema:
    schema: Schema = {"maxProperties": rules.max_items or ITEMS_MAX}
    if rules.required:
        schema["minProperties"] = 1
    if wire_values.kind_of(key) == "string":
        schema["propertyNames"] = {"maxLength": STRING_LENGTH_MAX, "pattern": TEXT_PATTERN}
    return schema


def _value_rules(field: FieldDescriptor, rules: options_pb2.FieldRules) -> Schema:
    kind = wire_values.kind_of(field)
    schema: Schema = {}
    if kind == "string":
        # An empty string stands for a field that is not set, but for an element of a list.
        may_be_empty = not (rules.required or field.is_repeated)
        schema = _text_rules(rules, may_be_empty=may_be_empty)
    if rules.HasField("min"):
        schema["minimum"] = rules.min
    if rules.HasField("max"):
        schema["maximum"] = rules.max
    if rules.required and rules.min < 0:
        # 0 is how a number that was left out arrives.
        schema["not"] = {"const": 0}
    return schema


def _text_rules(rules: options_pb2.FieldRules, *, may_be_empty: bool) -> Schema:
    schema: Schema = {"maxLength": rules.max_length or STRING_LENGTH_MAX, "pattern": TEXT_PATTERN}
    bound: Schema = dict(_FORMATS.get(rules.format, {}))
    if rules.pattern:
        bound["pattern"] = f"^(?:{rules.pattern})$"
    least = rules.min_length or (1 if bound or rules.required else 0)
    if least and not (least == 1 and may_be_empty and not bound):
        bound["minLength"] = least
    if may_be_empty and bound:
        return {**schema, "anyOf": [bound, {"maxLength": 0}]}
    if "format" in bound and "pattern" not in bound:
        schema.pop("pattern")
    return schema | bound
