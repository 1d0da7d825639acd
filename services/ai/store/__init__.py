"""What the ai service keeps: its tables, and the queries by noun."""
