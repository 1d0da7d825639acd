"""The targets that lead out of the suite."""
