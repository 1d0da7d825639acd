"""Billing: accounts and their keys, prepaid credits, and the prices of models."""
