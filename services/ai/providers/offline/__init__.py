"""The embedded provider that needs no key and no network: the default of a fresh machine."""

from services.ai.providers.offline.images import IMAGE_MODEL, OfflineImageProvider
from services.ai.providers.offline.text import TEXT_MODEL, OfflineTextProvider

__all__ = ["IMAGE_MODEL", "TEXT_MODEL", "OfflineImageProvider", "OfflineTextProvider"]
