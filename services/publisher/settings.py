"""The environment of the publisher service."""

from typing import ClassVar

from pydantic import Field, field_validator

from chassis.settings import ServiceSettings


class PublisherSettings(ServiceSettings):
    """What publisher reads besides what every service does."""

    service: ClassVar[str] = "publisher"

    public_url: str = Field(default="", examples=["https://igny8.example.com"])
    """The address readers reach the suite at, for links in published pages; empty makes them relative."""

    @field_validator("public_url")
    @classmethod
    def _public_url_is_one(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("must start with https:// or http://")
        return value
