"""What the firewall does to a port: rules in, verdict out, and the change to make."""
