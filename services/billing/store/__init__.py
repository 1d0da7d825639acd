"""What billing keeps in PostgreSQL: its tables, the queries by noun, and the migrations."""
