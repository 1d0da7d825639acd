"""Puts data that people or other sites wrote into a prompt so that it cannot pass for instructions."""

import json
import re
from typing import Any

_FENCE = re.compile(r"</?\s*untrusted", re.IGNORECASE)


def fenced(value: Any, name: str) -> str:
    """The value as JSON between <untrusted name="…"> tags. Nothing inside can close the tag: `<` of a tag is escaped."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(", ", ": "))
    safe = _FENCE.sub(lambda found: found.group().replace("<", "\\u003c"), text)
    return f'<untrusted name="{name}">\n{safe}\n</untrusted>'
