"""What the firewall does, in the window: verdicts, rules, and the rules that PortView makes."""
