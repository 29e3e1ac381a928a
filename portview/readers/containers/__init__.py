"""Container runtimes asked over their own sockets and pipes: read-only, bounded, never needed."""
