"""What people type: ports, targets, endpoints and durations."""
