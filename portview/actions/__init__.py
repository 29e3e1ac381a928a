"""Change this machine: re-check the identity, act, look again, report. No Qt."""
