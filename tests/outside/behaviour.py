"""How the stand-in for the outside world misbehaves on one call; without one it behaves."""

import json
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final


class Break(Enum):
    """Where the connection breaks."""

    NEVER = auto()
    BEFORE_THE_ANSWER = auto()
    IN_THE_MIDDLE = auto()
    AFTER_THE_WORK = auto()
    """The work is done, and charged for, but the answer is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One call's answer, scripted. What is left out is as in a good answer."""

    status: int = 200
    code: str = ""
    """The API's word for the fault, for example `insufficient_quota`."""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """The whole answer; None for a good one, or for the API's error of that status."""
    content: str | None = None
    """What the model writes in place of something that fits the schema."""
    changes: dict[str, Any] = field(default_factory=dict)
    """What replaces fields of a good answer's choice or task."""
    latency_seconds: float | None = None
    chunk_seconds: float = 0.0
    """Between the chunks of a streamed answer."""
    counts: bool = True
    """Whether a streamed answer says what it took, when it is asked to."""
    ends_early: bool = False
    """A streamed answer ends without saying why."""
    stalls: bool = False
    """A streamed answer stops in the middle, and the connection stays open."""
    breaks: Break = Break.NEVER


RESET: Final = Behaviour(breaks=Break.BEFORE_THE_ANSWER)
HALF: Final = Behaviour(breaks=Break.IN_THE_MIDDLE)
LOST: Final = Behaviour(breaks=Break.AFTER_THE_WORK)
STALLING: Final = Behaviour(stalls=True)
NO_JSON: Final = Behaviour(body=b"<html>A proxy's page</html>")


def failing(status: int, *, code: str = "", **headers: str) -> Behaviour:
    """The API's error of that status; header names with underscores: `failing(429, retry_after="7")`."""
    return Behaviour(
        status=status,
        code=code,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def busy(retry_after: str = "") -> Behaviour:
    """A 429, with or without the time to wait."""
    return failing(429, code="rate_limit_exceeded", **({"retry_after": retry_after} if retry_after else {}))


def saying(body: object) -> Behaviour:
    """This as the whole answer, whatever was asked."""
    return Behaviour(body=json.dumps(body).encode())


def slow(seconds: float) -> Behaviour:
    """A good answer, later."""
    return Behaviour(latency_seconds=seconds)


def lacking(what: str) -> Behaviour:
    """A compatible server that does not know this of OpenAI's API, and says so."""
    body = {"error": {"message": f"{what} is not supported by this server", "type": "BadRequestError"}}
    return Behaviour(status=400, body=json.dumps(body).encode())


def dripping(seconds: float) -> Behaviour:
    """A good answer whose chunks take so long each."""
    return Behaviour(chunk_seconds=seconds)


def at_address(url: str) -> Behaviour:
    """A picture that is given by its address."""
    return Behaviour(changes={"b64_json": None, "url": url})


def writing(content: str) -> Behaviour:
    """A model that writes this, whatever the schema."""
    return Behaviour(content=content)


def refusing(words: str = "I cannot help with that.") -> Behaviour:
    """A model that refuses in words."""
    return Behaviour(changes={"message": {"role": "assistant", "content": None, "refusal": words}})


def filtered() -> Behaviour:
    """An answer that the API's content filter stopped."""
    return Behaviour(changes={"finish_reason": "content_filter"})
