"""Other machines: their names, and asking PortView there over the system's own ssh."""
