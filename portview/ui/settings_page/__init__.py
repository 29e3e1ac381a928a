"""The settings: every one on a line with what it does, found by search, in force at once."""
