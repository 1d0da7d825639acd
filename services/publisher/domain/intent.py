"""What a person who searches for a keyword wants."""

from enum import StrEnum


class Intent(StrEnum):
    """The four intents that keyword tools tell apart."""

    INFORMATIONAL = "informational"
    COMMERCIAL = "commercial"
    TRANSACTIONAL = "transactional"
    NAVIGATIONAL = "navigational"
