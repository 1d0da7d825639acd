"""Notifications: what people of an account are told, made from events and from nothing else."""
