"""Processes, services and containers as the owners of sockets."""
