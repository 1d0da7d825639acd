"""The environment of the billing service."""

from typing import ClassVar

from pydantic import Field

from chassis.settings import ServiceSettings


class BillingSettings(ServiceSettings):
    """What billing reads besides what every service does."""

    service: ClassVar[str] = "billing"

    signup_credits: int = Field(default=0, ge=0, le=1_000_000_000)
    """Credits given to every new account as a promotional grant; 0 gives none."""

    access_token_seconds: int = Field(default=600, ge=60, le=86_400)
    """How long a person's access token works. It cannot be taken back, so shorter is safer; Refresh gives the next."""

    refresh_token_days: int = Field(default=30, ge=1, le=365)
    """How long a person who does not come back stays signed in; each Refresh begins it anew."""

    password_memory_kib: int = Field(default=19_456, ge=19_456, le=1_048_576)
    """Memory that hashing one password takes. OWASP's Password Storage Cheat Sheet asks for no less than 19 MiB."""

    password_passes: int = Field(default=2, ge=2, le=20)
    """Passes over that memory; no less than 2 by the same source. Older hashes are renewed at the next sign-in."""

    capture_beyond_hold: bool = False
    """Whether work that took more than its hold may take the rest from the available balance. Else it is refused, or
    the platform's loss where the caller says so."""

    audit_days: int = Field(default=400, ge=30, le=36_500)
    """How long entries of the audit log are kept; no less than 30 days, which the schema itself keeps."""

    sweep_seconds: int = Field(default=5, ge=1, le=3600)
    """How often holds, grants and prices whose time has come are booked; reading and spending never wait for it."""
