"""The rules and nouns of billing, as plain Python."""
