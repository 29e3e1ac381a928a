"""Themes, colours, icons and severities."""
