"""From a watch and what the machine says to good, bad or unreadable."""
