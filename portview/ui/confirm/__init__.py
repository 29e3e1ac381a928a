"""Dialogs that show a plan, ask, execute and report; the history window."""
