"""Campaigns: a suite under load, faults at random moments, and what must hold afterwards (`make chaos`)."""
