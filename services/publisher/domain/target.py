"""The kinds of places that content can go to."""

from enum import StrEnum


class Target(StrEnum):
    """Where content can go."""

    HOSTED = "hosted"
    WORDPRESS = "wordpress"
    WEBHOOK = "webhook"
