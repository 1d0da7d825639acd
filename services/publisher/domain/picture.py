"""A picture file that was looked into."""

import hashlib
from dataclasses import dataclass

PICTURE_BYTES_MAX = 20_000_000
PICTURE_PIXELS_MAX = 40_000_000
"""A file of a few kilobytes can unpack to gigabytes; no picture of an article needs more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A whole PNG, JPEG or WebP file; width and height are pixels."""

    data: bytes
    media_type: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """The hash of the bytes in lower-case hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def url(self) -> str:
        """Where it is served: the hash cannot be guessed, and what stands behind it never changes."""
        return f"/media/{self.sha256}"
