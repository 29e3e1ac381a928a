"""Create and revoke firewall rules, and verify what they do."""
