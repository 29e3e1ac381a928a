"""Free a port: usage, plan, execution, verification, report."""
