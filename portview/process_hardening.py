"""What a process of PortView does first, so that it loads nothing that others can place."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from portview.readers.elevation import is_elevated

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

_UNTRUSTED_PREFIXES = ("QT_", "QML", "QSG_", "PYSIDE", "PYQTGRAPH", "_PYI_")
_UNTRUSTED_NAMES = frozenset(
    {
        *("OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSLKEYLOGFILE"),
        *("GTK_MODULES", "GTK_PATH", "GIO_EXTRA_MODULES", "GIO_MODULE_DIR"),
        *("GCONV_PATH", "LOCPATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "DBUS_SYSTEM_BUS_ADDRESS"),
    }
)
"""Variables by which Qt, OpenSSL, GLib and the C library find files to load or to write.

Those of the interpreter and of the loader (PYTHON..., LD_...) have done what they do by now; what
this process starts does not get them.
"""
_HARMLESS = frozenset({"QT_QPA_PLATFORM", "QT_SCALE_FACTOR", "QT_FONT_DPI"})
"""How Qt shows itself. The platforms are those that Qt brings along, by name."""

_FROZEN_PLUGINS = "QT_PLUGIN_PATH"


def harden_process() -> None:
    """Let libraries and, in an elevated process, variables come from the system alone.

    To be called before anything else is loaded. What a program of the same user may set for a
    process with more rights is removed: where modules, plug-ins and libraries are looked for.
    """
    if sys.platform == "win32":
        from portview.readers.windows.dll import restrict_library_search  # noqa: PLC0415

        restrict_library_search()
    if is_elevated():
        remove_untrusted_variables(os.environ)


def remove_untrusted_variables(environment: MutableMapping[str, str]) -> None:
    """Remove what names files to load. What a frozen program set for itself just now stays."""
    for name in untrusted_variables(environment):
        if name == _FROZEN_PLUGINS and _is_inside_program(environment[name]):
            continue
        del environment[name]


def untrusted_variables(names: Iterable[str]) -> list[str]:
    """Return which variables an elevated process must not be given. Pure."""
    return [
        name
        for name in names
        if name.upper() not in _HARMLESS
        and (name.upper().startswith(_UNTRUSTED_PREFIXES) or name.upper() in _UNTRUSTED_NAMES)
    ]


def leave_working_directory() -> None:
    """Go where only administrators can write, in a process that takes no file names."""
    if sys.platform == "win32":
        from portview.readers.windows.system_programs import system_folder  # noqa: PLC0415

        os.chdir(system_folder())
    else:
        os.chdir("/")


def _is_inside_program(folder: str) -> bool:
    program = getattr(sys, "_MEIPASS", None)
    return program is not None and Path(folder).is_relative_to(program)
