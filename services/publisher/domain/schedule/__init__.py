"""When content goes out: local times, limits and free slots."""
