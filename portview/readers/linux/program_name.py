"""The name by which people know a process, where the kernel's own is short or a thread's."""

from __future__ import annotations

from pathlib import PurePosixPath

_COMM_LENGTH = 15
"""The kernel keeps 15 bytes of a name: TASK_COMM_LEN of linux/sched.h without its end."""


def program_name(comm: str, executable: str | None, command_line: tuple[str, ...] | None) -> str:
    """Return the program's name on Linux.

    ``comm`` is the name of the main thread, which a program may set to anything: Node.js calls
    it "MainThread". It is the program's name as long as the command line says so too, in the
    program or the script that it runs; otherwise the executable's file name is.
    """
    words = (command_line or ())[:2]
    for word in words:
        name = PurePosixPath(word).name
        if (
            name.partition(" ")[0] == comm
            or name == comm
            or (len(comm.encode()) >= _COMM_LENGTH and name.startswith(comm))
        ):
            # "nginx: master process" and "redis-server *:6379" are whole sentences in one word.
            return name.partition(" ")[0].rstrip(":") or comm
    if executable is None or _is_title(words, comm):
        return comm
    return PurePosixPath(executable).name or comm


def _is_title(words: tuple[str, ...], comm: str) -> bool:
    """Return whether a program wrote its name and state over its command line, as servers do."""
    return bool(words) and words[0].startswith((f"{comm}:", f"{comm} "))
