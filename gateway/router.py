"""Finds what serves a path: a tree of path segments, matched on the bytes as they came, each decoded once."""

import re
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

from chassis.refusal import FieldFault, RequestInvalid

T = TypeVar("T")

_VARIABLE = re.compile(r"([^{}]*)\{([a-z0-9_.]+)\}([^{}]*)")


def variables_of(template: str) -> tuple[str, ...]:
    """The field paths in a template such as `/sites/{site_id}/calendar`."""
    return tuple(match[2] for segment in template.split("/") if (match := _VARIABLE.fullmatch(segment)))


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: dict[str, "_Node[T]"] = field(default_factory=dict)
    patterns: dict[tuple[str, str], "_Node[T]"] = field(default_factory=dict)
    """Variable segments by what stands before and after the variable, as `.ics` in `{token}.ics`."""
    targets: dict[str, T] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """What a path leads to: per verb the target and the values of the template's variables, in order."""

    targets: dict[str, tuple[T, tuple[str, ...]]]

    @property
    def verbs(self) -> list[str]:
        """The verbs for an Allow header."""
        verbs = {*self.targets, "OPTIONS"} | ({"HEAD"} if "GET" in self.targets else set())
        return sorted(verbs)


class Router(Generic[T]):
    """Templates of literal segments and `{variable}` segments; a literal wins over a variable."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, verb: str, template: str, target: T) -> None:
        """Raises ValueError when the same verb and path are there already."""
        node = self._root
        for segment in template.removeprefix("/").split("/"):
            variable = _VARIABLE.fullmatch(segment)
            if variable:
                node = node.patterns.setdefault((variable[1], variable[3]), _Node())
            else:
                node = node.literals.setdefault(segment, _Node())
        if verb in node.targets:
            raise ValueError(f"{verb} {template} is served twice")
        node.targets[verb] = target

    def match(self, raw_path: bytes) -> Match[T] | None:
        """What serves the path, None for an unknown one. Raises RequestInvalid when it is not UTF-8.

        A `%2F` stays inside its segment, and `..` is a name like any other: nothing here is a file.
        """
        segments = [_decoded(segment) for segment in raw_path.removeprefix(b"/").split(b"/")]
        found: dict[str, tuple[T, tuple[str, ...]]] = {}
        _collect(self._root, segments, 0, (), found)
        return Match(found) if found else None


def _collect(
    node: _Node[T],
    segments: list[str],
    index: int,
    values: tuple[str, ...],
    found: dict[str, tuple[T, tuple[str, ...]]],
) -> None:
    if index == len(segments):
        for verb, target in node.targets.items():
            found.setdefault(verb, (target, values))
        return
    segment = segments[index]
    literal = node.literals.get(segment)
    if literal is not None:
        _collect(literal, segments, index + 1, values, found)
    for (before, after), child in node.patterns.items():
        if len(segment) > len(before) + len(after) and segment.startswith(before) and segment.endswith(after):
            value = segment[len(before) : len(segment) - len(after)]
            _collect(child, segments, index + 1, (*values, value), found)


def _decoded(segment: bytes) -> str:
    try:
        return (unquote_to_bytes(segment) if b"%" in segment else segment).decode()
    except UnicodeDecodeError:
        raise RequestInvalid(FieldFault("path", "is not UTF-8")) from None
