"""Price lists: a YAML file that a person edits, read without ever making a number of it that rounds, and put at billing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import yaml
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from igny8.billing import v1 as billing

from chassis.refusal import RequestInvalid
from chassis.wire_json import from_dict

if TYPE_CHECKING:
    # The asynchronous stubs exist for type checkers only.
    from igny8.billing.v1.pricing_service_pb2_grpc import PricingServiceAsyncStub

M = TypeVar("M", bound=Message)

_SECTIONS: Final = {"models", "configuration"}
_WHOLE: Final = {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_INT32}


class PriceListInvalid(ValueError):
    """The file is no price list; the message names the entry and the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """What a price list asks billing for."""

    models: list[billing.PutModelPriceRequest]
    configuration: billing.PutBillingConfigurationRequest | None = None


def read(file: Path) -> PriceList:
    """The price list in a file. Raises OSError, and PriceListInvalid for anything billing's messages do not know."""
    try:
        document = _texts(yaml.compose(file.read_bytes(), Loader=yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PriceListInvalid(f"is not YAML: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("models"), list):
        raise PriceListInvalid("has no list called `models`")
    if unknown := document.keys() - _SECTIONS:
        raise PriceListInvalid(f"has sections nobody knows: {', '.join(sorted(map(str, unknown)))}")
    models = [
        _message(billing.PutModelPriceRequest, entry, place=_place(number, entry))
        for number, entry in enumerate(document["models"], 1)
    ]
    names = [model.model_name for model in models]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PriceListInvalid(f"names a model more than once: {', '.join(twice)}")
    configuration = document.get("configuration")
    if configuration is None:
        return PriceList(models=models)
    return PriceList(
        models=models,
        configuration=_message(billing.PutBillingConfigurationRequest, configuration, place="configuration"),
    )


async def load(pricing: "PricingServiceAsyncStub", listed: PriceList) -> list[billing.ModelPrice]:
    """Puts every price of the list, as the operator, and gives the versions that then hold or are scheduled.

    What is there already stays as it is, so loading a list again changes nothing. Raises RemoteRefusal.
    """
    if listed.configuration is not None:
        await pricing.PutBillingConfiguration(listed.configuration)
    return [(await pricing.PutModelPrice(model)).model for model in listed.models]


def _texts(node: yaml.Node | None) -> Any:
    """A YAML node with every scalar as the text that stands in the file: 0.1 must not become a binary fraction."""
    match node:
        case yaml.MappingNode():
            return {_texts(key): _texts(value) for key, value in node.value}
        case yaml.SequenceNode():
            return [_texts(item) for item in node.value]
        case yaml.ScalarNode():
            return node.value
        case _:
            return None


def _message(cls: type[M], entry: Any, *, place: str) -> M:
    try:
        return from_dict(cls, _typed(cls.DESCRIPTOR.fields_by_name, entry))
    except RequestInvalid as invalid:
        said = "; ".join(f"{fault.field} {fault.message}" for fault in invalid.fields)
        raise PriceListInvalid(f"{place}: {said}") from invalid


def _typed(fields: Mapping[str, Any], entry: Any) -> Any:
    """The entry with whole numbers where the message has them; what is none stays text, and is refused by name."""
    if not isinstance(entry, dict):
        return entry
    return {name: _value(fields.get(name), value) for name, value in entry.items()}


def _value(field: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list) and field is not None and field.message_type is not None:
        return [_typed(field.message_type.fields_by_name, item) for item in value]
    return _whole(value) if field is not None and field.cpp_type in _WHOLE else value


def _whole(text: Any) -> Any:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else text


def _place(number: int, entry: Any) -> str:
    name = entry.get("model_name") if isinstance(entry, dict) else None
    return f"model {number} ({name})" if name else f"model {number}"
