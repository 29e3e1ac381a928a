"""Who held a port when, as lanes over time."""
