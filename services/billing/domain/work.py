"""What one item of work took: tokens by kind, or images of a size and quality."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chassis.refusal import FieldFault, RequestInvalid


class TokenKind(StrEnum):
    """Kinds of tokens that providers charge differently."""

    INPUT = "input"
    CACHED_INPUT = "cached_input"
    OUTPUT = "output"
    REASONING = "reasoning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Tokens read and written, images made. Parts are contained in their totals, as providers count them."""

    input_tokens: int = 0
    output_tokens: int = 0
    images: int = 0
    cached_input_tokens: int = 0
    """Of `input_tokens`, those read from the provider's prompt cache."""
    reasoning_tokens: int = 0
    """Of `output_tokens`, those the model thought with and did not send."""
    image_size: str = ""
    """Width x height in pixels, for example `1536x1024`; empty where the price does not go by it."""
    image_quality: str = ""

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def tokens(self) -> Mapping[TokenKind, int]:
        """Every token once, by its kind."""
        return {
            TokenKind.INPUT: self.input_tokens - self.cached_input_tokens,
            TokenKind.CACHED_INPUT: self.cached_input_tokens,
            TokenKind.OUTPUT: self.output_tokens - self.reasoning_tokens,
            TokenKind.REASONING: self.reasoning_tokens,
        }

    def check(self) -> None:
        """Raises RequestInvalid for a part that is more than its whole."""
        faults = []
        if self.cached_input_tokens > self.input_tokens:
            faults.append(FieldFault("cached_input_tokens", "must be at most input_tokens"))
        if self.reasoning_tokens > self.output_tokens:
            faults.append(FieldFault("reasoning_tokens", "must be at most output_tokens"))
        if faults:
            raise RequestInvalid(*faults)
