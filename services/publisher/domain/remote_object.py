"""What we made or found at a target, so that it is never made twice: posts, media and terms by our own names for them."""

from dataclasses import dataclass
from enum import StrEnum


class RemoteKind(StrEnum):
    """What it is at the target; beside each, the key we know it by."""

    POST = "post"
    """The publication's marker."""
    MEDIA = "media"
    """The SHA-256 of its bytes."""
    CATEGORY = "category"
    """The term's slug."""
    TAG = "tag"
    """The term's slug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteObject:
    """Its id at the target, and its address there where it has one."""

    kind: RemoteKind
    key: str
    remote_id: str
    remote_url: str = ""
