"""A process's environment: read once, checked whole, every fault told in one message before anything starts."""

import os
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeVar, get_origin

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

SECRET_KEY_LENGTH_MIN = 32


class SettingsInvalid(Exception):
    """The environment cannot be used; the message lists every fault with its variable and an example."""


class ProcessSettings(BaseSettings):
    """What every process of the suite reads. A field `x` is the variable `IGNY8_<SERVICE>_X`, else `IGNY8_X`.

    A field with a `validation_alias` is read from that variable alone. An empty variable counts as absent.
    """

    model_config = SettingsConfigDict(
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    service: ClassVar[str] = ""
    """The process's name, for example `billing`; a subclass sets it."""

    secret_key: SecretStr = Field(examples=["the output of: openssl rand -hex 32"])
    """The suite's one secret, at least 32 characters; the keys that sign tokens and seal secrets are derived from it."""

    secret_keys_before: list[SecretStr] = Field(default_factory=list)
    """Secrets that the suite had before, by comma: what was sealed under them can still be opened. They sign nothing."""

    nats_url: SecretStr = Field(
        default=SecretStr("nats://127.0.0.1:4222"), examples=["nats://127.0.0.1:4222"]
    )
    """Where NATS with JetStream listens."""

    billing_addr: str = "127.0.0.1:50051"
    """host:port of the billing service."""

    ai_addr: str = "127.0.0.1:50052"
    """host:port of the AI service."""

    notifications_addr: str = "127.0.0.1:50053"
    """host:port of the notification service."""

    publisher_addr: str = "127.0.0.1:50054"
    """host:port of the publisher service."""

    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Port of `/metrics`, `/healthz` and `/readyz` for the operator; 0 switches it off."""

    metrics_host: str = "127.0.0.1"
    """Address that port listens on; a container says 0.0.0.0."""

    log_format: Literal["console", "json"] = Field(default="console", validation_alias="LOG_FORMAT")
    """`console` for people, `json` for machines: one object a line."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", validation_alias="LOG_LEVEL"
    )
    """The least level that is written."""

    otlp_endpoint: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Where spans are sent by OTLP over gRPC; empty keeps OpenTelemetry's SDK out of memory."""

    drain_wait_seconds: float = Field(default=0, ge=0, le=10)
    """How long to go on serving after saying NOT_SERVING, so that load balancers notice first; 2 behind one."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, _Environment(settings_cls))

    @field_validator("secret_key")
    @classmethod
    def _secret_key_is_long(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < SECRET_KEY_LENGTH_MIN:
            raise ValueError(f"must have at least {SECRET_KEY_LENGTH_MIN} characters")
        return value

    @field_validator("secret_keys_before")
    @classmethod
    def _secret_keys_before_are_long(cls, value: list[SecretStr]) -> list[SecretStr]:
        if any(len(one.get_secret_value()) < SECRET_KEY_LENGTH_MIN for one in value):
            raise ValueError(f"must each have at least {SECRET_KEY_LENGTH_MIN} characters")
        return value

    @field_validator("nats_url")
    @classmethod
    def _nats_url_is_one(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("nats://", "tls://")):
            raise ValueError("must start with nats:// or tls://")
        return value

    @field_validator("billing_addr", "ai_addr", "notifications_addr", "publisher_addr")
    @classmethod
    def _addr_has_port(cls, value: str) -> str:
        return _host_and_port(value)

    @field_validator("otlp_endpoint")
    @classmethod
    def _endpoint_is_http(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value

    def address_of(self, service: str) -> str:
        """host:port at which `service` is called."""
        return str(getattr(self, f"{service}_addr"))

    def secrets(self) -> list[str]:
        """Every secret value, for the logs to blot out."""
        found: list[Any] = [*self.secret_keys_before]
        found += [getattr(self, name) for name in type(self).model_fields]
        return [value.get_secret_value() for value in found if isinstance(value, SecretStr)]


class ServiceSettings(ProcessSettings):
    """What every gRPC service with a database reads besides."""

    database_url: SecretStr = Field(examples=["postgresql://igny8_billing:password@127.0.0.1:5432/igny8"])
    """A libpq URI of the service's own role."""

    database_connections: int = Field(default=8, ge=2, le=100)
    """Size of the connection pool, and as many threads for use cases."""

    listen_addr: str = ""
    """host:port to listen on, when it differs from the address others call, as in a container."""

    grpc_reflection: bool = True
    """Whether the server tells its schema to tools such as grpcurl; `off` to hide it."""

    allow_private_addresses: bool = False
    """Whether addresses that people or providers give may lead into private networks, and be plain HTTP."""

    concurrent_calls_max: int = Field(default=1024, ge=1)
    """Calls in flight at once; the next one is refused with RESOURCE_EXHAUSTED."""

    @field_validator("database_url")
    @classmethod
    def _database_url_is_postgresql(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(
            ("postgresql://", "postgres://", "postgresql+psycopg2://")
        ):
            raise ValueError("must start with postgresql://")
        return value

    @field_validator("listen_addr")
    @classmethod
    def _listen_addr_has_port(cls, value: str) -> str:
        return _host_and_port(value) if value else value

    @property
    def listen_address(self) -> str:
        """host:port the service listens on."""
        return self.listen_addr or self.address_of(self.service)


Settings = TypeVar("Settings", bound=ProcessSettings)


def load(settings: type[Settings]) -> Settings:
    """Reads the environment. Raises `SettingsInvalid` with every fault in one message."""
    try:
        return settings.model_validate({})
    except ValidationError as error:
        lines = [
            f"The settings of {settings.service or 'this process'} are not usable; "
            f"{error.error_count()} to correct:"
        ]
        lines += [
            f"  {_fault(settings, one)}" for one in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsInvalid("\n".join(lines)) from None


class _Environment(PydanticBaseSettingsSource):
    """Reads each field from its variable; the first that is set and not empty wins."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        for variable in variables(self.settings_cls, field_name):
            text = os.environ.get(variable, "").strip()
            if text:
                found = [part.strip() for part in text.split(",")] if _is_list(field) else text
                return found, field_name, False
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                found[name] = value
        return found


def variables(settings: type[BaseSettings], field_name: str) -> list[str]:
    """The environment variables that `field_name` is read from, the more specific first."""
    alias = settings.model_fields[field_name].validation_alias
    if isinstance(alias, str):
        return [alias]
    if isinstance(alias, AliasChoices):
        return [choice for choice in alias.choices if isinstance(choice, str)]
    service = getattr(settings, "service", "")
    own = [f"IGNY8_{service.upper()}_{field_name.upper()}"] if service else []
    return [*own, f"IGNY8_{field_name.upper()}"]


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) in (list, tuple, set, frozenset)


def _fault(settings: type[ProcessSettings], fault: Mapping[str, Any]) -> str:
    """One line: the variable, what is wrong with it, what it is for, an example. Never the value."""
    location = str(fault["loc"][0]) if fault["loc"] else ""
    name = next(
        (
            field
            for field in settings.model_fields
            if field == location or location in variables(settings, field)
        ),
        "",
    )
    if not name:
        return str(fault["msg"])
    field = settings.model_fields[name]
    missing = fault["type"] == "missing"
    wrong = "is not set" if missing else str(fault["msg"]).removeprefix("Value error, ")
    examples = field.examples or ([] if field.is_required() else [field.default])
    example = f" For example: {examples[0]}" if examples and str(examples[0]) else ""
    meaning = f" ({field.description.split(chr(10))[0]})" if field.description else ""
    return f"{variables(settings, name)[-1 if missing else _set_index(settings, name)]}: {wrong}.{meaning}{example}"


def _set_index(settings: type[ProcessSettings], name: str) -> int:
    """Which of the variables of the field holds the value that was refused."""
    names = variables(settings, name)
    return next((index for index, variable in enumerate(names) if os.environ.get(variable)), len(names) - 1)


def _host_and_port(value: str) -> str:
    host, separator, port = value.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("must be host:port")
    return value
