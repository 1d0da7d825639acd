"""What the ai service does, each function one transaction."""
