"""The firewall of Linux: nftables' rules, whoever keeps them, and the verdict they lead to."""
