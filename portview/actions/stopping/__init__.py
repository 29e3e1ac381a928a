"""Stopping processes together: compared with what was seen, asked, then ended."""
