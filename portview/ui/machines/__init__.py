"""Other machines in windows of their own, over ssh."""
