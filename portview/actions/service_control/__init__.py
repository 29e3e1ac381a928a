"""The service managers of the systems: read a service, and stop, start or restart it."""
