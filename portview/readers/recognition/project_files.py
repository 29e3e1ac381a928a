"""The project in whose folder a program works, from the files that stand there.

Everything here belongs to whoever made the folder: names are untrusted text, files may be pipes,
devices, endless or malformed. Only regular files are read, only their beginning, only a few levels
up; network folders are left alone, because a reading at them can hang or hand on a password's hash.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import tomllib
from typing import TYPE_CHECKING, Any

from portview.domain.recognition.facts import Project

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 256 * 1024
DEEPEST = 6
_MOST_ENTRIES = 2000
_LONGEST_NAME = 100
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "ncpfs"}
)
_NETWORK_FUSE = re.compile(r"fuse\.(?:sshfs|rclone|s3fs|gcsfuse|davfs|curlftpfs|glusterfs)")
_NEVER = frozenset({"", "bin", "sbin", "lib", "lib64", "usr", "etc", "var", "tmp", "opt", "home"})
_NOT_THEIRS = ("/usr", "/bin", "/sbin", "/lib", "/etc", "/proc", "/sys", "/dev", "/run")
_ARTIFACT = re.compile(r"<artifactId>\s*([\w.-]{1,100})\s*</artifactId>")
_PARENT = re.compile(r"<parent>.*?</parent>", re.DOTALL)
_GO_MODULE = re.compile(r"^module\s+(\S+)", re.MULTILINE)
_GRADLE_NAME = re.compile(r"""rootProject\.name\s*=\s*["']([^"']+)["']""")
_MIX_APP = re.compile(r"app:\s*:(\w+)")


def find_project(folder: str, *, root: str = "", home: str = "") -> Project | None:
    """Return the project that a folder belongs to, None where no file names one.

    ``root`` is put before every path (/proc/PID/root of a process with a root of its own), ``home``
    is where the search ends. Never raises. Blocks for as long as the file system takes.
    """
    if not folder or is_remote(folder, root):
        return None
    level = folder.rstrip("/\\") or folder
    for _ in range(DEEPEST):
        if _is_no_place(level, home):
            return None
        found = _project_in(level, root)
        if found:
            return found
        above = os.path.dirname(level)  # noqa: PTH120 - a path of another process's root
        if above == level:
            return None
        level = above
    return None


def _is_no_place(level: str, home: str) -> bool:
    name = re.split(r"[\\/]", level)[-1]
    is_top = len([part for part in re.split(r"[\\/]", level) if part]) < 2  # noqa: PLR2004 - a root
    is_system = any(level == place or level.startswith(f"{place}/") for place in _NOT_THEIRS)
    return name in _NEVER or is_top or is_system or (bool(home) and level == home)


def _project_in(level: str, root: str) -> Project | None:
    path = f"{root}{level}"
    try:
        with os.scandir(path) as entries:
            names = {entry.name for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False)}
    except (OSError, ValueError):
        return None
    for name, read in _BY_NAME.items():
        if name in names and (project := _read(path, level, name, read)):
            return project
    for ending in (".csproj", ".fsproj", ".vbproj", ".sln"):
        found = sorted(name for name in names if name.endswith(ending))
        if found:
            return _project(found[0].removesuffix(ending), level, found[0])
    if ".git" in names:
        return _project(re.split(r"[\\/]", level)[-1], level, ".git")
    return None


def _read(path: str, level: str, name: str, read: Callable[[str], Any]) -> Project | None:
    text = read_beginning(f"{path}{os.sep}{name}")
    if text is None:
        return None
    try:
        found = read(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        found = None
    if isinstance(found, str) and found.strip():
        return _project(found.strip(), level, name)
    return _project(re.split(r"[\\/]", level)[-1], level, name)


def _project(name: str, level: str, file: str) -> Project:
    separator = "\\" if "\\" in level else "/"
    return Project(name[:_LONGEST_NAME], f"{level}{separator}{file}")


def read_beginning(path: str) -> str | None:
    """Return the beginning of a regular file as text, None for anything else."""
    content = read_first_bytes(path)
    return None if content is None else content.decode("utf-8", "replace")


def read_first_bytes(path: str) -> bytes | None:
    """Return the beginning of a regular file, None for anything else."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    # A link could lead out of a container's root, or to a device.
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        opened = os.open(path, flags)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return None
        return os.read(opened, MOST_BYTES)
    except OSError:
        return None
    finally:
        os.close(opened)


def is_remote(folder: str, root: str) -> bool:
    """Return whether a folder is on the network, where a reading may hang."""
    if sys.platform == "win32":
        return folder.startswith(("\\\\", "//")) or _is_remote_drive(folder)
    return sys.platform == "linux" and not root.endswith("/root") and _is_network_mount(folder)


def _is_remote_drive(folder: str) -> bool:
    import ctypes  # noqa: PLC0415 - Windows only

    from portview.readers.windows.dll import bind, load_library  # noqa: PLC0415 - likewise

    drive_remote = 4
    if sys.platform != "win32":
        return False
    drive_type = bind(
        load_library("kernel32.dll"), "GetDriveTypeW", ctypes.c_uint, ctypes.c_wchar_p
    )
    return int(drive_type(f"{folder[:2]}\\")) == drive_remote


def _is_network_mount(folder: str) -> bool:
    """Return whether the mount that holds a folder is on the network (proc_pid_mountinfo(5))."""
    text = read_beginning("/proc/self/mountinfo") or ""
    longest, kind = "", ""
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:  # noqa: PLR2004 - the mount point is the fifth
            continue
        point = fields[4].replace("\\040", " ")
        is_around = folder == point or folder.startswith(point.rstrip("/") + "/")
        if is_around and len(point) >= len(longest):
            longest, kind = point, after.split(" ")[0]
    return kind in _NETWORK or bool(_NETWORK_FUSE.fullmatch(kind))


def _of_package_json(text: str) -> Any:
    return json.loads(text)["name"]


def _of_pyproject(text: str) -> Any:
    values = tomllib.loads(text)
    return values.get("project", {}).get("name") or values["tool"]["poetry"]["name"]


def _of_cargo(text: str) -> Any:
    return tomllib.loads(text)["package"]["name"]


def _of_go_mod(text: str) -> Any:
    match = _GO_MODULE.search(text)
    parts = match[1].strip('"').split("/") if match else []
    if len(parts) > 1 and re.fullmatch(r"v\d+", parts[-1]):
        parts.pop()
    return parts[-1] if parts else None


def _of_pom(text: str) -> Any:
    match = _ARTIFACT.search(_PARENT.sub("", text))
    return match[1] if match else None


def _of_composer(text: str) -> Any:
    return json.loads(text)["name"].rpartition("/")[2]


def _first_group(pattern: re.Pattern[str]) -> Callable[[str], Any]:
    def find(text: str) -> Any:
        match = pattern.search(text)
        return match[1] if match else None

    return find


def _of_folder(_text: str) -> Any:
    return None


_BY_NAME: dict[str, Callable[[str], Any]] = {
    "package.json": _of_package_json,
    "pyproject.toml": _of_pyproject,
    "Cargo.toml": _of_cargo,
    "go.mod": _of_go_mod,
    "pom.xml": _of_pom,
    "settings.gradle": _first_group(_GRADLE_NAME),
    "settings.gradle.kts": _first_group(_GRADLE_NAME),
    "composer.json": _of_composer,
    "mix.exs": _first_group(_MIX_APP),
    "deno.json": _of_package_json,
    "Gemfile": _of_folder,
    "build.gradle": _of_folder,
    "setup.py": _of_folder,
    "manage.py": _of_folder,
}
"""Files that make a folder a project, and how each names it; the first one counts."""
