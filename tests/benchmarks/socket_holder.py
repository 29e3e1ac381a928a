"""A child process that holds TCP connections to itself, and replaces some on demand.

Runs as a script: ``socket_holder.py ADDRESS PAIRS``. It prints ``ready`` once all are open. For
each line ``K`` on standard input it replaces K pairs and prints ``done``. It ends when standard
input does, so that it never outlives the process that started it.
"""

from __future__ import annotations

import random
import socket
import struct
import sys
from contextlib import suppress

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing leaves no TIME_WAIT behind that would add to the load."""

Pair = tuple[socket.socket, socket.socket]


def main(address: str, pairs: int) -> None:
    """Hold the connections until standard input ends."""
    _allow_many_files()
    with socket.create_server((address, 0), backlog=128) as server:
        held = [_open_pair(server) for _ in range(pairs)]
        _say("ready")
        for line in sys.stdin:
            for _ in range(int(line)):
                _replace_one(held, server)
            _say("done")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _replace_one(held: list[Pair], server: socket.socket) -> None:
    place = random.randrange(len(held))
    for end in held[place]:
        end.close()
    held[place] = _open_pair(server)


def _open_pair(server: socket.socket) -> Pair:
    client = socket.create_connection(server.getsockname())
    accepted, _ = server.accept()
    for end in (client, accepted):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    return client, accepted


def _allow_many_files() -> None:
    with suppress(ImportError):  # Windows has no such limit
        import resource  # noqa: PLC0415

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(sys.argv[1], int(sys.argv[2]))
