"""What goes wrong on the way to a bench, said so that a person can act on it."""

from __future__ import annotations


class BenchError(Exception):
    """The bench can't be built or used; the text says what to do about it."""
