"""Packets that the firewall dropped and logged."""
