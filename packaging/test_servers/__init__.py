"""Servers from packages, laid out for the tests without installing or starting anything."""
