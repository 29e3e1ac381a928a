"""Stop, start and restart services through their manager."""
