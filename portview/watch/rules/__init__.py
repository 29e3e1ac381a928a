"""The rules of watches: what watches.toml says, checked and typed."""
