"""`python -m gateway.documents FOLDER`: writes what is made from the protos, events.md and asyncapi.json (`make docs`)."""

import json
import sys
from pathlib import Path

from gateway.asyncapi import document
from gateway.comments import comments_of
from gateway.event_docs import events_markdown
from gateway.event_types import EventTypes
from gateway.operations import descriptor_set, product_files


def made() -> dict[str, str]:
    """The text of each made file by its name."""
    described = descriptor_set()
    types = EventTypes(product_files(described))
    asyncapi = document(types, comments_of(described))
    return {
        "events.md": events_markdown(types, asyncapi),
        "asyncapi.json": json.dumps(asyncapi, indent=1, ensure_ascii=False) + "\n",
    }


if __name__ == "__main__":
    for name, text in made().items():
        Path(sys.argv[1], name).write_text(text)
