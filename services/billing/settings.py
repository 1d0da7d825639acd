"""The environment of the billing service."""

from typing import ClassVar

from pydantic import Field

from chassis.settings import ServiceSettings


class BillingSettings(ServiceSettings):
    """What billing reads besides what every service does."""

    service: ClassVar[str] = "billing"

    signup_credits: int = Field(default=0, ge=0, le=1_000_000_000)
    """Credits given to every new account as a promotional grant; 0 gives none."""

    access_token_seconds: int = Field(default=3600, ge=60, le=86_400)
    """How long a person stays signed in. Tokens cannot be taken back, so shorter is safer."""

    sweep_seconds: int = Field(default=5, ge=1, le=3600)
    """How often holds, grants and prices whose time has come are booked; reading and spending never wait for it."""
