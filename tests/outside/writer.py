"""A model that does what the ai service's prompts ask, in the simplest way: for tests that want good answers over HTTP."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.outside.openai import smallest


def dutiful(body: Mapping[str, Any]) -> str:
    """A good answer to whichever function asks; how it asks is read from the prompt and the schema, as a model does."""
    asked = str(body["messages"][1]["content"])
    properties = body["response_format"]["json_schema"]["schema"]["properties"]
    if "clusters" in properties:
        ids = [keyword["id"] for keyword in fenced(asked, "keywords")]
        cluster = {"name": "Compost", "description": "All about it.", "keyword_ids": ids}
        return json.dumps({"clusters": [cluster]})
    if "sections" in properties:
        return json.dumps({"title": fenced(asked, "task")["title"], "sections": SECTIONS})
    if "html" in properties:
        return json.dumps({"html": "".join(map(_written, fenced(asked, "sections")))})
    return smallest(body)


SECTIONS = [
    {"heading": "", "points": ["What it is"], "words": 100},
    {"heading": "How to start", "points": ["Step by step"], "words": 300},
    {"heading": "Mistakes & remedies", "points": ["What goes wrong"], "words": 300},
]


def fenced(prompt: str, name: str) -> Any:
    """The data that a prompt holds under this name."""
    found = re.search(rf'<untrusted name="{name}">\n(.*?)\n</untrusted>', prompt, re.DOTALL)
    assert found is not None, f"the prompt holds no {name}"
    return json.loads(found.group(1))


def _written(section: Mapping[str, Any]) -> str:
    heading = f"<h2>{section['heading'].replace('&', '&amp;')}</h2>" if section["heading"] else ""
    return f"{heading}<p>{'word ' * (section['words'] - 3)}.</p>"
