"""Rules of the whole tree that no type checker or linter says: each one a fault that must not come back."""
