"""Each action with its confirmation, and the history of what was done."""
