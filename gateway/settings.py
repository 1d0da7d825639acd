"""The gateway's environment."""

from typing import ClassVar

from pydantic import Field, field_validator

from chassis.settings import ProcessSettings


class GatewaySettings(ProcessSettings):
    """What the gateway reads besides what every process does."""

    service: ClassVar[str] = "gateway"

    port: int = Field(default=8080, ge=0, le=65535, validation_alias="PORT")
    """Port of the REST facade; 0 takes any free one."""

    host: str = "127.0.0.1"
    """Address that port listens on; a container says 0.0.0.0."""

    support_url: str = Field(default="", examples=["mailto:support@example.com"])
    """Where people get help, https or mailto; shown on the error pages."""

    cors_origins: list[str] = Field(default_factory=list, examples=["https://app.example.com"])
    """Origins whose pages may call the API from a browser, separated by commas; empty allows none."""

    forwarded_allow_ips: str = "127.0.0.1"
    """Addresses of proxies whose X-Forwarded-… headers are believed, separated by commas."""

    requests_per_minute: int = Field(default=30_000, ge=0, le=100_000_000)
    """Requests a minute with one API key or access token, in each gateway process; 0 means no limit."""

    requests_per_minute_per_address: int = Field(default=60_000, ge=0, le=100_000_000)
    """Requests a minute from one IP address, in each gateway process; 0 means no limit."""

    streams_per_caller: int = Field(default=20, ge=1, le=100_000)
    """Event streams one person or API key may have open at a time, in each gateway process."""

    streams_per_account: int = Field(default=100, ge=1, le=100_000)
    """Event streams one account may have open at a time, in each gateway process."""

    @field_validator("support_url")
    @classmethod
    def _support_url_is_safe(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://", "mailto:")):
            raise ValueError("must start with https:// or mailto:")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins_are_origins(cls, value: list[str]) -> list[str]:
        origins = [origin.strip().rstrip("/") for origin in value if origin.strip()]
        for origin in origins:
            scheme, separator, host = origin.partition("://")
            if scheme not in ("http", "https") or not separator or not host or "/" in host:
                raise ValueError(f"{origin} is not an origin such as https://app.example.com")
        return origins
