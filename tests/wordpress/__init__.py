"""The WordPress target against a real WordPress: `make test-wordpress`."""
