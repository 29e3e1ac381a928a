"""The process that evaluates: its lock, its loop, and one round of `watch check`."""
