"""Prompt templates by function and version, and how they are rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from services.ai.prompts.fence import fenced

if TYPE_CHECKING:
    from jinja2 import Environment

LATEST = {
    "cluster_keywords": "v1",
    "generate_ideas": "v1",
    "generate_content": "v3",
    "generate_image_prompts": "v1",
}
"""The version a new execution uses. A template that has been used is never edited: a change is a new version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPrompt:
    """A prompt ready to send, with the name and version the task log shows."""

    system: str
    user: str
    name: str
    version: str


def prompt_version(function: str) -> str:
    """What the task log calls the templates of a new execution: `generate_content/v3`; empty for what has none."""
    version = LATEST.get(function)
    return f"{function}/{version}" if version else ""


def render(function: str, version: str, values: Mapping[str, Any], *, step: str = "") -> RenderedPrompt:
    """Renders <function>/<version>.system.j2 and .user.j2 with the function's typed input.

    A function that asks several times has templates for its further steps: <version>.<step>.system.j2.

    Raises jinja2.UndefinedError where the input lacks a field the template uses, and
    jinja2.TemplateNotFound for a version that does not exist: both are our own mistakes.
    """
    environment = _environment()
    stem = f"{function}/{version}.{step}" if step else f"{function}/{version}"
    return RenderedPrompt(
        system=environment.get_template(f"{stem}.system.j2").render(values).strip(),
        user=environment.get_template(f"{stem}.user.j2").render(values).strip(),
        name=f"{function}_{step}" if step else function,
        version=version,
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("services.ai.prompts", package_path=""),
        autoescape=False,  # noqa: S701 - a prompt is plain text, not HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["fenced"] = fenced
    return environment
