"""The port every model provider is reached through: what is asked, what is answered, and how it can fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol, Self

from chassis.refusal import FieldFault, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """Tokens of one text answer, as the provider counts them. The parts are contained in their totals."""

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    """Of `input_tokens`, those the provider read from its prompt cache and charges less for."""
    reasoning_tokens: int = 0
    """Of `output_tokens`, those the model thought with and did not send."""

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRequest:
    """One question to a text model."""

    model: str
    prompt_name: str
    """The AI function whose prompt this is, for example `cluster_keywords`."""
    prompt_version: str
    system: str
    user: str
    schema: Mapping[str, Any]
    """JSON schema the answer must fit. A provider without structured output is told it in words."""
    input: Mapping[str, Any]
    """What the prompt was rendered from; the offline provider works from this and not from the text."""
    max_output_tokens: int
    seed: int = 0
    asked_before: bool = False
    """Whether this very question may have been asked, and paid for, without anybody having kept the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAnswer:
    """A text model's answer. `text` should be JSON; whoever asked validates it against the schema."""

    text: str
    usage: TokenUsage
    model: str
    """The model that answered; a provider may answer with a dated version of the one asked for."""
    provider_request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """One picture to be made. Width and height are pixels."""

    model: str
    prompt: str
    width: int
    height: int
    alt_text: str = ""
    """What the picture shows, in words for people who cannot see it. The offline provider typesets from it."""
    seed: int = 0
    key: str = ""
    """Names this picture for good, so that a provider that knows it can be asked what came of it."""
    asked_before: bool = False
    """As that of a TextRequest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageAnswer:
    """A made picture. Width and height are those of `data`, which may differ from what was asked."""

    data: bytes
    media_type: str
    width: int
    height: int
    model: str
    provider_request_id: str
    cost_usd: Decimal | None = None
    """What the provider says it charged in USD; None where it leaves that to the price list."""
    priced_size: str = ""
    """Width x height by which the provider's price list goes; empty where it does not go by size and quality."""
    priced_quality: str = ""


Progressed = Callable[[], None]
"""Told whenever a part of an answer has come: the deadline counts from there."""


def nobody_waits() -> None:
    """For a caller without a deadline that moves."""


class TextProvider(Protocol):
    """Answers text prompts with JSON."""

    @property
    def name(self) -> str:
        """The provider's name in model prices and messages, for example `openai`."""

    async def complete(
        self, request: TextRequest, *, deadline: float, progressed: Progressed = nobody_waits
    ) -> TextAnswer:
        """Answers within `deadline` seconds from the last `progressed`, or raises one of the three kinds of ProviderError."""


class ImageProvider(Protocol):
    """Makes pictures from prompts."""

    @property
    def name(self) -> str:
        """The provider's name in model prices and messages, for example `runware`."""

    async def generate(self, request: ImageRequest, *, deadline: float) -> ImageAnswer:
        """Answers within `deadline` seconds, or raises one of the three kinds of ProviderError."""


class ProviderError(Refusal):
    """A provider gave no usable answer. Always raised as one of the three kinds below.

    `fact` is what happened; what people read goes on with the way out of its kind, which is said here once for all
    providers.
    """

    reason = "PROVIDER_UNAVAILABLE"
    way_out = ""

    def __init__(self, fact: str, *, provider: str, metadata: Mapping[str, str] | None = None) -> None:
        end = "" if fact.endswith((".", "!", "?")) else "."
        message = f"{fact}{end} {self.way_out}" if self.way_out else fact
        super().__init__(message, metadata={"provider": provider, **(metadata or {})})
        self.fact = fact
        self.provider = provider


class ProviderRetryable(ProviderError):
    """Asking again may help: rate limit, server error, timeout, lost connection."""

    reason = "PROVIDER_UNAVAILABLE"
    way_out = "Nothing was charged for it; retry it in some minutes, or choose another model."

    def __init__(
        self,
        fact: str,
        *,
        provider: str,
        retry_after_seconds: float | None = None,
        maybe_paid: bool = False,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        wait = {} if retry_after_seconds is None else {"retry_after_seconds": f"{retry_after_seconds:g}"}
        super().__init__(fact, provider=provider, metadata={**wait, **(metadata or {})})
        self.retry_after_seconds = retry_after_seconds
        """Seconds the provider asked to be left alone for; None where it did not say."""
        self.maybe_paid = maybe_paid
        """Whether the provider may have done and charged the work all the same."""


class ProviderBusy(ProviderRetryable):
    """It is well, and asks to be asked less often: HTTP's 429."""


class ProviderFinal(ProviderError):
    """Asking again gives the same: key, permission, content policy, invalid request."""

    reason = "PROVIDER_REFUSED"
    way_out = "Nothing was charged for it; change what it is about, or choose another model, and retry it."


class ProviderMalformed(ProviderError):
    """The answer is not of the form that was asked for. Worth one repair attempt."""

    reason = "PROVIDER_MALFORMED"
    way_out = "Nothing was charged for it; retry it, or choose another model."


class KeyFault(Enum):
    """Why a provider does nothing by a key, and what helps whoever owns it."""

    INVALID = "the API key is not valid", "Give a new one"
    NO_CREDIT = (
        "the account of the API key has no credit left there",
        "Top it up there, or give a key of another",
    )
    FORBIDDEN = "the API key may not be used for this", "Allow it there, or give another key"

    def __init__(self, fault: str, way_out: str) -> None:
        self.fault = fault
        self.way_out = way_out


class ProviderKeyRefused(ProviderFinal):
    """The provider does nothing by the key it was given, whatever it is asked."""

    reason = "PROVIDER_KEY_REFUSED"
    way_out = ""
    fault = KeyFault.INVALID

    @classmethod
    def of_account(cls, provider: str, last4: str, fault: KeyFault = KeyFault.INVALID) -> Self:
        """The account's own key was refused."""
        named = f", which ends in {last4}" if last4 else ""
        refused = cls(
            f"{provider} does not accept this account's own key{named}: {fault.fault}. "
            f"{fault.way_out}, or delete it to use the platform's, and run this again.",
            provider=provider,
            metadata={"whose": "account", "last4": last4},
        )
        refused.fault = fault
        return refused

    @classmethod
    def of_platform(cls, provider: str, fault: KeyFault = KeyFault.INVALID) -> Self:
        """The platform's key was refused: nothing the account can do but bring its own."""
        refused = cls(
            f"{provider} refused the request: {fault.fault}. "
            "It is the platform's; give one of your own, or tell the operator.",
            provider=provider,
            metadata={"whose": "platform"},
        )
        refused.fault = fault
        return refused


class ProviderKeyMissing(ProviderFinal):
    """Neither the account nor the platform has a key that the provider can be called by."""

    reason = "PROVIDER_KEY_MISSING"
    way_out = ""

    @classmethod
    def of(cls, provider: str, model_name: str, *, field: str = "") -> Self:
        """The model cannot be used; `field` is the request's that names it."""
        missing = cls(
            f"There is no key for {provider} here, which runs {model_name}. "
            "Give one of your own, or choose a model of another provider.",
            provider=provider,
            metadata={"model_name": model_name},
        )
        if field:
            missing.fields = (FieldFault(field, f"is a model of {provider}, for which there is no key"),)
        return missing
