"""Which columns each scope starts with: those that report something there, in the order of use."""

from __future__ import annotations

from portview.domain.sockets.scope import Scope

FIRST_COLUMNS: dict[Scope, tuple[str, ...]] = {
    Scope.LISTENING: (
        *("port", "what", "process", "pid", "local_address", "firewall", "user", "age"),
    ),
    Scope.CONNECTIONS: (
        *("what", "process", "pid", "port", "remote_address", "remote_host", "state"),
        *("down", "up", "age"),
    ),
    Scope.UDP: ("port", "what", "process", "pid", "local_address", "firewall", "user", "age"),
    Scope.ALL: (
        *("port", "what", "process", "pid", "protocol", "local_address", "remote_address"),
        *("state", "age"),
    ),
}
"""The ids of the columns, leftmost first. Every other column can be added by the person."""

TAKES_THE_REST = ("what", "command_line", "executable", "remote_host")
"""Columns that get the room which the others leave, the first one that is shown."""
