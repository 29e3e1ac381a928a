"""A round's states, incidents and messages, stored in one transaction."""
