"""PortView's capabilities as commands; every verb takes ``--json``."""
