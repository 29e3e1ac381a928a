"""Trying to repair what fires, when it was allowed and can help."""
