"""Watches, incidents, messages, repairs and the history: what PortView does while nobody looks."""
