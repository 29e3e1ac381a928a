"""Which libraries are loaded into PortView, and from where."""

from __future__ import annotations

import os
import sys
from pathlib import PurePath, PureWindowsPath
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from portview.selftest.redaction import Redactor

_LIBRARY = (".dll", ".exe", ".pyd", ".drv", ".so")


def read_modules(redactor: Redactor) -> dict[str, Any]:
    """Return the names of loaded libraries by folder; folders of one's own are not named."""
    folders: dict[str, list[str]] = {}
    for mapped in psutil.Process(os.getpid()).memory_maps():
        path = PureWindowsPath(mapped.path) if sys.platform == "win32" else PurePath(mapped.path)
        if _is_library(path.name.lower()):
            folder = _folder(redactor, path)
            folders.setdefault(folder, []).append(redactor.text(path.name))
    return {folder: sorted(set(names)) for folder, names in sorted(folders.items())}


def _is_library(name: str) -> bool:
    return name.endswith(_LIBRARY) or ".so." in name


def _folder(redactor: Redactor, path: PurePath) -> str:
    own = PurePath(sys.prefix), PurePath(sys.base_prefix)
    if getattr(sys, "frozen", False) and path.is_relative_to(PurePath(sys.executable).parent):
        return "<program>"
    if any(path.is_relative_to(prefix) for prefix in own if str(prefix) != "/usr"):
        return "<python>"
    return str(path.parent) if redactor.path(str(path)) == str(path) else "<path>"
