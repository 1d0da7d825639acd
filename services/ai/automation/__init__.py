"""What a worker does with an item of a run, and what keeps runs going when a worker is lost."""
