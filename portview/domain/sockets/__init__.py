"""Sockets, snapshots of them, and what is known about ports."""
