"""The answer to "why can't I use this port?" in the window."""
