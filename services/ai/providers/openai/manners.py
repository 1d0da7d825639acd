"""What a server that speaks OpenAI's API does not know of it, learned from what it refuses."""

from dataclasses import dataclass, replace
from typing import Literal

Structure = Literal["json_schema", "json_object", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How one model of one server is asked; at first as OpenAI's own."""

    structure: Structure = "json_schema"
    streams: bool = True
    counts_streams: bool = True
    """Whether it takes `stream_options`."""
    limit: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"

    def without(self, error: Exception) -> "Manners | None":
        """The manners without what the server has just refused; None when it refused something else.

        A schema that it calls invalid is our own mistake, and stays a refusal.
        """
        import openai

        if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return None
        said = f"{error.message} {error.param or ''}".lower()
        if error.code == "invalid_json_schema":
            return None
        if "stream_options" in said and self.streams and self.counts_streams:
            return replace(self, counts_streams=False)
        if "max_completion_tokens" in said and self.limit == "max_completion_tokens":
            return replace(self, limit="max_tokens")
        if any(word in said for word in ("response_format", "json_schema", "json_object", "structured")):
            return self._looser()
        if "stream" in said and self.streams:
            return replace(self, streams=False)
        return None

    def _looser(self) -> "Manners | None":
        if self.structure == "none":
            return None
        return replace(self, structure="json_object" if self.structure == "json_schema" else "none")
