"""What this machine answers to every call that PortView relies on, in one record."""
