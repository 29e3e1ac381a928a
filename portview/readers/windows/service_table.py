"""The byte layout of Windows' list of services (ENUM_SERVICE_STATUS_PROCESSW, winsvc.h). Pure."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from portview.domain.owners.service import Service, ServiceState

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROW = struct.Struct("<QQ4xI20xII4x")
"""x64, 56 bytes: the names' addresses at 0 and 8, the state at 20, the PID at 44, flags at 48."""

_LONGEST_TEXT = 512
"""Names have at most 256 UTF-16 units (CreateServiceW)."""

STATES = {
    1: ServiceState.STOPPED,
    2: ServiceState.STARTING,
    3: ServiceState.STOPPING,
    4: ServiceState.RUNNING,
    5: ServiceState.RESUMING,
    6: ServiceState.PAUSING,
    7: ServiceState.PAUSED,
}


def parse_services(table: bytes, address: int, count: int) -> Iterator[Service]:
    """Yield the services of a table of 64-bit Windows that stood at an address in memory.

    The names stand behind the rows and are pointed at. Rows that are cut off and pointers that
    lead out of the table are not followed: such a service is left out, having no name.
    """
    for row in range(min(count, len(table) // _ROW.size)):
        name_at, display_at, state, pid, _flags = _ROW.unpack_from(table, row * _ROW.size)
        name = _text(table, name_at - address)
        if name:
            display_name = _text(table, display_at - address) or name
            yield Service(name, display_name, STATES.get(state), pid or None)


def _text(table: bytes, start: int) -> str:
    if not 0 <= start < len(table):
        return ""
    text = table[start : start + _LONGEST_TEXT].decode("utf-16-le", "replace")
    return text.partition("\0")[0]
