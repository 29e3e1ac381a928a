"""The window of watches, adding one from a row, and what the desktop is reported."""
