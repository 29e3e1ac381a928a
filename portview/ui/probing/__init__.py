"""Asking ports from the window: test, probe, scan, wait, and find a free one."""
