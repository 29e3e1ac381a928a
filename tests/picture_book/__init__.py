"""Pictures of every window and dialog, taken to be looked at by people."""
