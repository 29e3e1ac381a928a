"""Which program a process runs now, on any system."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import psutil

from portview.domain.facts import ABSENT, Fact, Known, Remedy, Unreadable
from portview.domain.owners.program import RunningProgram, token_of
from portview.i18n import _
from portview.readers.elevation import unreadable_here
from portview.readers.process_identity import process_key

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessKey


def read_program(key: ProcessKey) -> RunningProgram:
    """Return the program of a process, provided that its PID still means it. Any thread.

    Never raises: what can't be read says why.
    """
    program = _read(key.pid)
    # Checked last: had the PID passed on to another process, all of this would be that one's.
    if process_key(key.pid) != key:
        gone = Unreadable(_("PID {pid} has ended").format(pid=key.pid), Remedy.RETRY)
        return RunningProgram(gone, gone, gone)
    return program


def _read(pid: int) -> RunningProgram:
    if sys.platform == "linux":
        from portview.readers.linux.running_program import read_linux_program  # noqa: PLC0415

        return read_linux_program(pid)
    if sys.platform == "win32":
        from portview.readers.windows.processes import open_process  # noqa: PLC0415
        from portview.readers.windows.running_program import read_windows_program  # noqa: PLC0415

        try:
            with open_process(pid) as handle:
                return read_windows_program(handle)
        except OSError as error:
            unreadable = unreadable_here(str(error.strerror or error), error)
            return RunningProgram(unreadable, ABSENT, _image_name(pid))
    return read_psutil_program(pid)


def _image_name(pid: int) -> Fact[str]:
    """Return the name in the system's own list, which is there for processes of others as well."""
    from portview.readers.windows.running_program import name_token  # noqa: PLC0415

    try:
        return name_token(psutil.Process(pid).name())
    except (psutil.Error, OSError):
        return Unreadable(_("the name of PID {pid}").format(pid=pid), Remedy.ADMINISTRATOR)


def read_psutil_program(pid: int) -> RunningProgram:
    """Return the program where psutil is the only way: macOS and others."""
    try:
        process = psutil.Process(pid)
        command = Known(token_of((process.name(), *process.cmdline())))
        return RunningProgram(Known(token_of((process.exe(),))), command, command)
    except (psutil.Error, OSError) as error:
        unreadable = Unreadable(
            _("the program of PID {pid}: {error}").format(pid=pid, error=error),
            Remedy.ADMINISTRATOR,
        )
        return RunningProgram(unreadable, unreadable, unreadable)
