"""What a list's request wants, from the names of its fields: `…_min` and `…_max` within, `…_from` within and `…_to` not."""

from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chassis import wire_values
from chassis.plain import instant_from_proto
from services.publisher.domain.listing import Bound, Wanted

_NO_FILTERS: Final = ("site_id", "page_size", "page_token", "search", "sort", "ids")


def wanted_of(request: Message) -> Wanted:
    """Filters are the fields that are set; an enum by its word, a flag as `true` or `false`."""
    asked: Any = request
    equal: dict[str, str] = {}
    least: dict[str, Bound] = {}
    below: dict[str, Bound] = {}
    for field, value in request.ListFields():
        name = field.name
        if name in _NO_FILTERS:
            continue
        if name.endswith("_min"):
            least[name.removesuffix("_min")] = value
        elif name.endswith("_max"):
            below[name.removesuffix("_max")] = value + 1
        elif name.endswith("_from"):
            least[f"{name.removesuffix('_from')}_at"] = instant_from_proto(value)
        elif name.endswith("_to"):
            below[f"{name.removesuffix('_to')}_at"] = instant_from_proto(value)
        else:
            equal[name] = _word(field, value)
    return Wanted(
        search=asked.search, sort=asked.sort, equal=equal, least=least, below=below, ids=list(asked.ids)
    )


def _word(field: FieldDescriptor, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        words = wire_values.enum_words(wire_values.enum_type(field))
        return next(word for word, number in words.items() if number == value)
    return str(value)
