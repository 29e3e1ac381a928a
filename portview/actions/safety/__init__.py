"""What may be stopped, and what must be known about it before."""
