"""The reference at /docs: one page made from openapi.json, readable without network or script."""

import json
from html import escape
from typing import Any

from chassis.errors import CATALOGUE
from gateway.comments import Comments
from gateway.pages import LOGO
from gateway.problems import title_of

_VERBS = ("get", "post", "put", "patch", "delete")


def docs_body(document: dict[str, Any], comments: Comments) -> str:
    """The body of the page: every operation by service, then every error reason."""
    tags = [tag for tag in document["tags"] if any(_operations(document, tag["name"]))]
    links = "".join(
        f'<li><a href="#{escape(tag["name"])}">{escape(_words(tag["name"]))}</a></li>' for tag in tags
    )
    sections = "".join(_section(document, tag) for tag in tags)
    return (
        f'<div class="docs"><nav aria-label="Contents"><a class="brand" href="/">{LOGO}igny8</a>'
        f'<ul>{links}<li><a href="#errors">Errors</a></li><li><a href="/openapi.json">openapi.json</a></li></ul></nav>'
        f"<main><h1>The igny8 API</h1>{_introduction()}{sections}{_errors(comments)}</main></div>"
    )


def _introduction() -> str:
    return (
        '<p class="lead">JSON over HTTP. Send an API key or an access token with every request, and an '
        "<code>Idempotency-Key</code> with writes you may have to repeat.</p>"
        "<pre>curl -H &quot;Authorization: Bearer igny8_…&quot; https://…/api/v1/credits/balance</pre>"
        '<p class="lead">Instants are RFC 3339 in UTC, enum values lower-case words, integers JSON numbers. Lists take '
        "<code>page_size</code> and <code>page_token</code> and end with an empty <code>next_page_token</code>.</p>"
    )


def _operations(document: dict[str, Any], tag: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, verb, item[verb])
        for path, item in document["paths"].items()
        for verb in _VERBS
        if verb in item and tag in item[verb]["tags"]
    ]


def _section(document: dict[str, Any], tag: dict[str, Any]) -> str:
    operations = "".join(
        _operation(document, path, verb, found) for path, verb, found in _operations(document, tag["name"])
    )
    return (
        f'<section id="{escape(tag["name"])}"><h2>{escape(_words(tag["name"]))}</h2>'
        f'<p class="lead">{_text(tag["description"])}</p>{operations}</section>'
    )


def _operation(document: dict[str, Any], path: str, verb: str, operation: dict[str, Any]) -> str:
    responses = operation["responses"]
    success = next(status for status in responses if status.startswith("2"))
    parts = [f"<p>{_text(operation['description'])}</p>"]
    if operation["parameters"]:
        parts.append("<h3>Parameters</h3>" + _table([_parameter_row(one) for one in operation["parameters"]]))
    body = operation.get("requestBody")
    if body:
        kind, content = next(iter(body["content"].items()))
        parts.append(f"<h3>Body · {escape(kind)}</h3>" + _schema(document, content["schema"]))
    parts.append(f"<h3>Answer · {success}</h3>" + _answer(document, responses[success]))
    return (
        f'<details class="operation" id="{escape(operation["operationId"])}"><summary>'
        f'<span class="verb {verb}">{verb.upper()}</span><code>{escape(path)}</code>'
        f'<span class="badge">{escape(operation["x-access"])}</span>'
        f'<span class="what">{_text(operation["summary"])}</span></summary>'
        f'<div class="inside">{"".join(parts)}</div></details>'
    )


def _answer(document: dict[str, Any], response: dict[str, Any]) -> str:
    content = response.get("content")
    if not content:
        return "<p>No body.</p>"
    kind, described = next(iter(content.items()))
    if kind != "application/json":
        return f"<p><code>{escape(kind)}</code></p>"
    example = _example(document, described["schema"], 0)
    return f"<pre>{escape(json.dumps(example, indent=2, ensure_ascii=False))}</pre>"


def _schema(document: dict[str, Any], schema: dict[str, Any]) -> str:
    found = _resolved(document, schema)
    properties = found.get("properties", {})
    if not properties:
        return "<p>A file, or an empty object.</p>"
    required = found.get("required", [])
    rows = [
        (name, _type(document, one), "required" if name in required else "", one.get("description", ""))
        for name, one in properties.items()
    ]
    return _table(rows)


def _parameter_row(parameter: dict[str, Any]) -> tuple[str, str, str, str]:
    needed = "required" if parameter["required"] else ""
    kind = f"{parameter['schema'].get('type', '')} in {parameter['in']}"
    words = parameter["schema"].get("enum") or parameter["schema"].get("items", {}).get("enum")
    text = parameter.get("description", "")
    if words:
        text += f" One of: {', '.join(words)}."
    return parameter["name"], kind, needed, text


def _table(rows: list[tuple[str, str, str, str]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{needed}</td><td>{_text(text)}</td></tr>"
        for name, kind, needed, text in rows
    )
    return f'<div class="scroll"><table><tr><th>Name</th><th>Type</th><th></th><th>Meaning</th></tr>{cells}</table></div>'


def _type(document: dict[str, Any], schema: dict[str, Any]) -> str:
    found = _resolved(document, schema)
    if "enum" in found:
        return " | ".join(str(word) for word in found["enum"] if word is not None)
    kind = found.get("type", "any")
    kind = kind[0] if isinstance(kind, list) else kind
    return f"list of {_type(document, found['items'])}" if kind == "array" else str(kind)


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        schema = {**schema, **schema["anyOf"][0]}
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _example(document: dict[str, Any], schema: dict[str, Any], depth: int) -> Any:
    """A made-up value of a schema, to show its shape; lists have one element, depth ends at six."""
    found = _resolved(document, schema)
    kind = found.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if found.get("enum"):
        return found["enum"][0]
    if kind == "object":
        if depth > 6:
            return {}
        return {name: _example(document, one, depth + 1) for name, one in found.get("properties", {}).items()}
    if kind == "array":
        return [_example(document, found["items"], depth + 1)]
    formats = {
        "date-time": "2026-11-20T09:30:00Z",
        "uuid": "0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b",
    }
    text = formats.get(found.get("format", found.get("x-format", "")), "…")
    return {"string": text, "integer": 0, "number": 0.0, "boolean": False}.get(kind)


def _errors(comments: Comments) -> str:
    items = "".join(
        f'<div class="error" id="{reason}"><code>{reason}</code> <span class="badge">{meaning.http_status}</span> '
        f"{'<span class=badge>may be retried</span> ' if meaning.retryable else ''}"
        f"{_text(_without_example(comments.get(f'igny8.errors.v1.ErrorReason.ERROR_REASON_{reason}', title_of(reason))))}</div>"
        for reason, meaning in sorted(CATALOGUE.items())
    )
    return (
        '<section id="errors"><h2>Errors</h2><p class="lead">Every refusal is application/problem+json with a '
        f"<code>reason</code> of this list.</p>{items}</section>"
    )


def _without_example(comment: str) -> str:
    return comment.partition("\n\nExample:")[0]


def _text(comment: str) -> str:
    """Escaped, with `code` as code."""
    pieces = escape(comment).replace("\n\n", "<br>").split("`")
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))


def _words(name: str) -> str:
    """`CreditService` as `Credit`."""
    return name.removesuffix("Service") or name
