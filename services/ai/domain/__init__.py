"""Rules and nouns of AI work: task logs, runs and their stages; no SQL, no wire types, no clock, no network."""
