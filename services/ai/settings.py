"""The ai service's environment."""

from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from chassis.settings import ServiceSettings
from services.ai.providers.limits import own_limits

PROVIDER_MODELS = {
    ("text", "offline"): "offline-1",
    ("image", "offline"): "offline-image-1",
    ("text", "openai"): "gpt-5-mini",
    ("image", "openai"): "gpt-image-2",
    ("image", "runware"): "runware:101@1",
}


class AiSettings(ServiceSettings):
    """What the ai service and its workers read beside what every service does."""

    service: ClassVar[str] = "ai"

    openai_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="OPENAI_API_KEY")
    """A key of OpenAI or of a compatible server."""

    openai_base_url: str = Field(default="", validation_alias="OPENAI_BASE_URL")
    """Where an OpenAI-compatible server listens; empty means OpenAI itself."""

    runware_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="RUNWARE_API_KEY")
    """A key of Runware."""

    runware_base_url: str = Field(default="", validation_alias="RUNWARE_BASE_URL")
    """Where Runware's API listens, without the version; empty means Runware itself."""

    text_provider: Literal["offline", "openai"] = "offline"
    """Whose model writes texts where neither the call nor the site names one."""

    image_provider: Literal["offline", "openai", "runware"] = "offline"
    """Whose model makes images where neither the call nor the site names one."""

    text_model: str = ""
    """The platform's text model; empty means the provider's usual one."""

    image_model: str = ""
    """The platform's image model; empty means the provider's usual one."""

    worker_concurrency: int = Field(default=8, ge=1, le=256)
    """Jobs one worker process does at once."""

    provider_calls_at_once: int = Field(default=0, ge=0, le=1024)
    """Calls at once of one process to one model outside; 0 means the usual 16."""

    provider_calls_per_minute: int = Field(default=0, ge=0, le=1_000_000)
    """Calls a minute of one process to one model outside; 0 means as many as there are."""

    provider_limits: list[str] = Field(
        default_factory=list, examples=["openai/gpt-5-mini=16:500,runware=8:0"]
    )
    """By comma, a provider, or one and the start of a model's name, with its calls at once and a minute in one process;
    over the two above."""

    @field_validator("provider_limits")
    @classmethod
    def _provider_limits_are_some(cls, value: list[str]) -> list[str]:
        own_limits(value)
        return value

    @model_validator(mode="after")
    def _providers_are_set_up(self) -> Self:
        uses_openai = "openai" in (self.text_provider, self.image_provider)
        if uses_openai and not self.openai_api_key.get_secret_value() and not self.openai_base_url:
            raise ValueError(
                "OPENAI_API_KEY: is not set, and the provider openai needs it (or OPENAI_BASE_URL)"
            )
        if self.image_provider == "runware" and not self.runware_api_key.get_secret_value():
            raise ValueError("RUNWARE_API_KEY: is not set, and the provider runware needs it")
        return self

    @property
    def default_text_model(self) -> str:
        return self.text_model or PROVIDER_MODELS["text", self.text_provider]

    @property
    def default_image_model(self) -> str:
        return self.image_model or PROVIDER_MODELS["image", self.image_provider]
