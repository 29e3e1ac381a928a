"""The details pane and the properties window."""
