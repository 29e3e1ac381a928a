"""Filter, port box and saved views."""
