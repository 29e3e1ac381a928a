"""Export of sockets to files and the clipboard."""
