"""Close single connections."""
