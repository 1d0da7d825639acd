"""What every call to a server goes through: telemetry, access, validation, errors, logging; composed in `chain`."""

from chassis.interceptors.chain import Chain

__all__ = ["Chain"]
