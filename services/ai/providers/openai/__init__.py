"""OpenAI, and every server that speaks its API: the base URL says which."""

from services.ai.providers.openai.images import OpenAiImageProvider
from services.ai.providers.openai.text import OpenAiTextProvider

__all__ = ["OpenAiImageProvider", "OpenAiTextProvider"]
