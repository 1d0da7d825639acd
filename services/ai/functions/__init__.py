"""The AI functions: what each one asks a model, and what it makes of the answer."""
