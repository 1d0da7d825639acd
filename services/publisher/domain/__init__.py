"""The rules and nouns of publishing: plain Python, no SQL, no protobuf, no clock, no network."""
