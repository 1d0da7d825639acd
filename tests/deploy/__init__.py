"""Proofs of installations that are not the embedded suite; run by hand or by CI where Docker is."""
