"""The rules and nouns of notifications, as plain Python."""
