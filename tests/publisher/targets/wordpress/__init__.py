"""WordPress without a WordPress: what is decided before and after a call."""
