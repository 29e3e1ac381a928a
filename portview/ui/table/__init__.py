"""The table and the tree of sockets."""
