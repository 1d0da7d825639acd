"""What billing does: one function is one transaction, called by every door."""
