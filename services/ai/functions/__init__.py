"""The five AI functions."""
