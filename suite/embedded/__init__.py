"""The real PostgreSQL and NATS servers, run from PyPI packages inside one data folder."""
