"""What PortView saw: who listened on which port from when to when, and when nobody looked."""
