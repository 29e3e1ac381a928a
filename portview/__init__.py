"""PortView: what is on this port, why can't I use it, and fix it for me, safely."""

__version__ = "0.1.0"
