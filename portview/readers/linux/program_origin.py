"""Which program a process runs that belongs to the system, and not merely carries its name.

A name proves nothing: anybody may call a program "dbus-daemon". What counts is the file behind
/proc/PID/exe (proc_pid_exe(5)): it lies in one of the system's folders, and nobody but root can
change it or replace it.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from portview.domain.facts import Absent, Fact, Known, Remedy, Unreadable
from portview.i18n import _
from portview.readers.linux.process_image import linux_executable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.owners.process import ProcessInfo

SYSTEM_FOLDERS = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libexec", "/etc", "/opt", "/snap",
    "/nix/store", "/gnu/store", "/run/current-system", "/var/lib/flatpak", "/var/lib/snapd",
)  # fmt: skip
"""Where a distribution or an administrator installs programs (hier(7), and Nix, Guix, Flatpak)."""

_DELETED = " (deleted)"
_ROOT = 0
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MULTI_CALL = frozenset({"busybox", "toybox"})
"""Programs that are many in one, distinguished by the name they are called with."""
_OVERFLOW_USER = Path("/proc/sys/kernel/overflowuid")


def system_names(info: ProcessInfo) -> Fact[frozenset[str]]:
    """Return the file names of the system's programs that a process runs.

    That is the executable and, where it is an interpreter, the script as well; ``Absent`` where
    its program belongs to a user. Costs some ten small system calls. Any thread.
    """
    if sys.platform != "linux":
        return Unreadable(_("this system does not say where a program comes from"))
    try:
        return _system_names(info, f"/proc/{info.pid}")
    except PermissionError:
        return Unreadable(_("its executable can't be read"), Remedy.ADMINISTRATOR)
    except OSError:
        return Unreadable(_("it ended while it was read"), Remedy.RETRY)


def _system_names(info: ProcessInfo, process: str) -> Fact[frozenset[str]]:
    path = linux_executable(info.pid)
    if path is None:
        return Absent()  # A thread of the kernel has no program.
    path = path.removesuffix(_DELETED)
    match _is_protected(path, Path(process, "exe").stat(), f"{process}/root"):
        case None:
            reason = _("who may change its executable is not visible from this user namespace")
            return Unreadable(reason, Remedy.NAMESPACE)
        case False:
            return Absent()
    return Known(frozenset((*_names_of(path), *_script_names(info, process))))


def is_protected_file(path: str) -> bool | None:
    """Return whether only root can change or replace a file or folder; None if unknown.

    Where it lies does not matter here: a folder above it may be one that everybody may write to if
    it is sticky, as /tmp is, for nobody else can remove what is root's there (unlink(2)). Symbolic
    links on the way are judged by where they lead, and by the folders that they lie in. Raises
    OSError.
    """
    resolved = Path(path).resolve(strict=True)
    verdicts = [_only_root_writes(str(resolved), resolved.stat(), "")]
    given = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the links
    if given != resolved:
        folder = given.parent.resolve(strict=True)
        verdicts.append(_only_root_writes(str(folder), folder.stat(), ""))
    return None if None in verdicts else all(verdicts)


def _is_protected(path: str, file: os.stat_result, root: str) -> bool | None:
    if not any(path.startswith(f"{folder}/") for folder in SYSTEM_FOLDERS):
        return False
    return _only_root_writes(path, file, root)


def _only_root_writes(path: str, file: os.stat_result, root: str) -> bool | None:
    """Judge a file and the folders above it; ``root`` is the process's own root folder."""
    folders = []
    for folder in PurePosixPath(path).parents:
        try:
            folders.append(Path(f"{root}{folder}").stat())
        except FileNotFoundError:
            continue  # The file was deleted with its folder; its inode was judged.
    if any(one.st_uid == _overflow_user() for one in (file, *folders)):
        return None
    is_safe = file.st_uid == _ROOT and not file.st_mode & _OTHERS_WRITE
    return is_safe and all(
        one.st_uid == _ROOT and (not one.st_mode & _OTHERS_WRITE or one.st_mode & stat.S_ISVTX)
        for one in folders
    )


def _overflow_user() -> int:
    """Return the user ID that stands for all who have none in this user namespace; -1 for none."""
    try:
        if Path("/proc/self/uid_map").read_text("ascii").split() == ["0", "0", "4294967295"]:
            return -1
        return int(_OVERFLOW_USER.read_text("ascii"))
    except (OSError, ValueError):
        return -1


def _names_of(path: str) -> Iterator[str]:
    name = PurePosixPath(path).name
    yield name
    # Nix and Guix start the program through a wrapper: ".gnome-shell-wrapped".
    if name.startswith(".") and name.endswith(("-wrapped", "-real")):
        yield name[1:].rpartition("-")[0]


def _script_names(info: ProcessInfo, process: str) -> Iterator[str]:
    words = info.command_line or ()
    executable = PurePosixPath(info.executable or "").name
    if executable in _MULTI_CALL and words:
        yield PurePosixPath(words[0]).name.lstrip("-")
        return
    script = next((word for word in words[1:] if not word.startswith("-")), None)
    if script is None or "/" not in script:
        return
    try:
        path = PurePosixPath(os.readlink(f"{process}/cwd"), script)  # noqa: PTH115 - text only
        file = Path(f"{process}/root{path}").stat()
        if stat.S_ISREG(file.st_mode) and _is_protected(str(path), file, f"{process}/root"):
            yield path.name
    except OSError:
        return
