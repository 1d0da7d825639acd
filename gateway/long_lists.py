"""JSON of long lists: what was written of an element before is put in as it is."""

from functools import cache
from typing import Any, Final

import orjson
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor

from chassis.paging import PAGE_SIZE_MAX
from chassis.remembered import Remembered
from chassis.wire_encode import Encode, encoder, one_by_one

ELEMENT_BYTES: Final = 300
"""What a remembered element takes beside its bytes and its JSON."""

REMEMBERED_BYTES_MAX: Final = 16_000_000
"""For each type of message that long lists are made of."""


@cache
def long_lists(element: Descriptor) -> Encode:
    """What writes lists of such messages, for `chassis.wire_json.to_json_bytes`.

    Elements of lists that are longer than a page may be, as a calendar is, are known by their bytes: pages ask for such a
    list again and again, and little of it has changed. Nothing but the bytes is in their JSON, so it is right for
    whoever was sent them.
    """
    message_class = message_factory.GetMessageClass(element)
    in_full = one_by_one(element)

    def written(data: bytes) -> bytes:
        return orjson.dumps(encoder(element)(message_class.FromString(data)))

    remembered = Remembered(
        written,
        weigh=lambda data, json: len(data) + len(json) + ELEMENT_BYTES,
        weight_max=REMEMBERED_BYTES_MAX,
    )

    def write(elements: Any) -> list[Any]:
        if len(elements) <= PAGE_SIZE_MAX:
            return list(in_full(elements))
        known = remembered.each(map(message_class.SerializeToString, elements))
        return list(map(orjson.Fragment, known))

    return write
