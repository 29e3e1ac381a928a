"""Windows Defender Firewall: its registry as the truth, decided by its own order."""
