"""Runware: pictures by its HTTP API, each answer with what it cost."""

from services.ai.providers.runware.images import RunwareImageProvider

__all__ = ["RunwareImageProvider"]
