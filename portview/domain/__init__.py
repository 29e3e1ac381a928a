"""What a socket, an owner, a port and a rule is. Standard library only, no I/O, no clock."""
