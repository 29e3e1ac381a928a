"""Handles on processes: one pins a process while it is asked to close, ended or suspended."""
