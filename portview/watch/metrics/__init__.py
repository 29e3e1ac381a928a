"""Metrics for Prometheus: what was stored about watches, and totals of the socket table."""
