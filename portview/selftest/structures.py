"""The sizes and offsets of every structure that is handed to Windows, as this Python lays them out.

They are checked against the documented ones wherever a record is read again.
"""

from __future__ import annotations

import ctypes
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.selftest.redaction import Redactor

MODULES = (
    "portview.actions.elevation.shell_execute",
    "portview.actions.service_control.windows_api",
    "portview.actions.service_control.windows_events",
    "portview.firewall.windows.other_products",
    "portview.firewall.windows.service_state",
    "portview.probes.initial_rto",
    "portview.readers.windows.advapi32",
    "portview.readers.windows.file_information",
    "portview.readers.windows.folder_security",
    "portview.readers.windows.ipv6_networks",
    "portview.readers.windows.threads",
    "portview.readers.windows.tokens",
    "portview.watch.background.service_api",
)
"""Every module that defines structures of Windows."""


def read_structures(_redactor: Redactor) -> dict[str, Any]:
    """Return the layout of each structure by module and name. Any thread."""
    return {
        f"{module.removeprefix('portview.')}.{kind.__name__}": layout(kind)
        for module in MODULES
        for kind in structures_of(module)
    }


def structures_of(module: str) -> Iterator[type[ctypes.Structure]]:
    """Yield the structures that a module itself defines, by name."""
    loaded = importlib.import_module(module)
    for _name, value in sorted(vars(loaded).items()):
        is_structure = isinstance(value, type) and issubclass(value, ctypes.Structure)
        if is_structure and value.__module__ == module:
            yield value


def layout(kind: type[ctypes.Structure]) -> dict[str, Any]:
    """Return the size of a structure and where its own fields stand."""
    fields = [field[0] for field in kind._fields_]
    return {
        "size": ctypes.sizeof(kind),
        "offsets": {name: getattr(kind, name).offset for name in fields},
    }
