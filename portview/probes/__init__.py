"""Ask a port over the network. No Qt: every probe runs on any thread and can be cancelled."""
