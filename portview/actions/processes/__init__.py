"""Stop, end, suspend and restart processes by their handles."""
