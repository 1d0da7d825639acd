"""Benchmarks beside their peers, with the floors and ceilings that must hold."""
