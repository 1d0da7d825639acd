"""`igny8 verify`: proves the invariants of the books over all four schemas, by SQL on the read-only role.

No service may read another's schema, and the invariants are about all of them together, so this is not in a service.
"""
