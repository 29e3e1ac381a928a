"""One SQLite file per user: history, incidents, messages to send, attempts to repair."""
