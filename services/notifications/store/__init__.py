"""Notifications and their unread counters in PostgreSQL."""
