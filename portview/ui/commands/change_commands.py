"""From a selected row to a change of the machine: each leads into a dialog that asks first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from portview.domain.owners.process import Execution
from portview.domain.owners.system_owners import WINDOWS_SYSTEM_PIDS
from portview.domain.sockets.socket_row import Protocol, State
from portview.i18n import _, join_list
from portview.ui.commands.row_actions import RowAction, Section, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portview.actions.confirmation.action import AnyAction
    from portview.domain.owners.process import ProcessKey
    from portview.ui.commands.row_actions import RowActions
    from portview.ui.table.row_selection import RowSelection

_HOLDING = frozenset({State.LISTEN, State.BOUND})
_OVER = frozenset({State.TIME_WAIT, State.CLOSED})


def add_change_commands(
    actions: RowActions,
    start: Callable[[AnyAction], object],
    platform: str,
    standing: Callable[[], Mapping[ProcessKey, Execution]],
) -> None:
    """Add what changes the machine. ``start`` opens the dialog of a job.

    ``standing`` returns the processes in sight that do not run, as they were last read.

    Nothing is done here: a job looks, asks, and only then acts. ``platform`` is a value of
    ``sys.platform``. The jobs are loaded when one is wanted: they are a third of what there is to
    load.
    """

    def free(selection: RowSelection) -> None:
        from portview.actions.confirmation.actions import FreeAction  # noqa: PLC0415 - see above

        row = selection.first.row
        start(FreeAction(row.local.port, row.protocol))

    def end(selection: RowSelection, *, tree: bool = False) -> None:
        from portview.actions.confirmation.actions import EndAction  # noqa: PLC0415 - likewise

        owner = selection.first.row.owner
        if owner is not None:
            start(EndAction(owner, with_tree=tree))

    def suspend(selection: RowSelection, verb: str) -> None:
        from portview.actions.confirmation.actions import SuspendAction  # noqa: PLC0415 - likewise
        from portview.actions.processes.suspend import SuspendVerb  # noqa: PLC0415 - likewise

        owner = selection.first.row.owner
        if owner is not None:
            start(SuspendAction(owner, SuspendVerb(verb)))

    def change_service(selection: RowSelection, verb: str) -> None:
        from portview.actions.confirmation.actions import ServiceAction  # noqa: PLC0415 - likewise

        start(ServiceAction(selection.first.row.services[0], verb))

    def close(selection: RowSelection) -> None:
        from portview.actions.confirmation.actions import CloseAction  # noqa: PLC0415 - likewise

        row = selection.first.row
        if row.remote is not None:
            start(CloseAction(row.local, row.remote))

    for row_action in (
        RowAction(
            "free_port",
            _("&Free this port…"),
            Section.PORT,
            free,
            why_not_free,
            ("Ctrl+K",),
            _("Shows who holds the port and asks before anything is stopped"),
            target=Target.ONE_SOCKET,
            detail=lambda selection: str(selection.first.row.local.port),
        ),
        RowAction(
            "close_connection",
            _("&Close connection…"),
            Section.PORT,
            close,
            lambda selection: why_not_close(selection, platform),
            ("Ctrl+Shift+K",),
            target=Target.ONE_SOCKET,
            rank=70,
        ),
        RowAction(
            "end_process",
            _("&End process…"),
            Section.OWNER,
            end,
            lambda selection: why_not_end(selection, platform),
            ("Delete",),
            _("Shows the process and asks before it is ended"),
            target=Target.ONE_PROCESS,
        ),
        RowAction(
            "end_process_tree",
            _("End process &tree…"),
            Section.OWNER,
            lambda selection: end(selection, tree=True),
            lambda selection: why_not_end(selection, platform),
            ("Shift+Delete",),
            target=Target.ONE_PROCESS,
        ),
        RowAction(
            "suspend_process",
            _("S&uspend process…"),
            Section.OWNER,
            lambda selection: suspend(selection, "suspend"),
            lambda selection: why_not_suspend(selection, platform),
            ("Ctrl+H",),
            _("Suspends the process until it is resumed; asks before"),
            target=Target.ONE_PROCESS,
        ),
        RowAction(
            "resume_process",
            _("Resu&me process…"),
            Section.OWNER,
            lambda selection: suspend(selection, "resume"),
            lambda selection: why_not_resume(selection, platform, standing()),
            ("Ctrl+Shift+H",),
            _("Resumes a suspended process"),
            target=Target.ONE_PROCESS,
        ),
        RowAction(
            "stop_service",
            _("&Stop service…"),
            Section.OWNER,
            lambda selection: change_service(selection, "stop"),
            why_no_service,
            target=Target.ONE_PROCESS,
            detail=_service,
        ),
        RowAction(
            "restart_service",
            _("&Restart service…"),
            Section.OWNER,
            lambda selection: change_service(selection, "restart"),
            why_no_service,
            target=Target.ONE_PROCESS,
            detail=_service,
        ),
    ):
        actions.add(row_action)


def why_not_free(selection: RowSelection) -> str:
    """Return why a row's port can't be freed; empty where the dialog can be asked."""
    row = selection.first.row
    if row.protocol is Protocol.UDP:
        return "" if row.remote is None else _("This socket is connected; it blocks no server.")
    if row.state in _HOLDING:
        return ""
    return _("This is a connection; the port is held by what listens on it.")


def why_not_close(selection: RowSelection, platform: str) -> str:
    """Return why a row can't be closed as a connection; empty where it can be tried."""
    row = selection.first.row
    if row.protocol is Protocol.UDP:
        return _("UDP has no connections.")
    if row.remote is None:
        return _("This is not a connection; it has no other end.")
    if row.state in _OVER:
        return _("This connection is closed already.")
    if platform == "win32" and ":" in row.local.address:
        return _("Windows can close IPv4 connections only.")
    if platform not in {"win32", "linux"}:
        return _("This system can't close connections of other programs.")
    return ""


def why_not_end(selection: RowSelection, platform: str) -> str:
    """Return why a row's process can't be ended; empty where the dialog can be asked."""
    owner = selection.first.row.owner
    if owner is not None and platform == "win32" and owner.pid in WINDOWS_SYSTEM_PIDS:
        return _("This is Windows itself.")
    return ""


def why_not_suspend(selection: RowSelection, platform: str) -> str:
    """Return why a row's process can be neither suspended nor resumed; empty where it can."""
    owner = selection.first.row.owner
    if owner is not None and owner.pid == os.getpid():
        return _("This is PortView itself, which couldn't resume itself.")
    return why_not_end(selection, platform)


def why_not_resume(
    selection: RowSelection, platform: str, standing: Mapping[ProcessKey, Execution]
) -> str:
    """Return why a row's process can't be resumed; empty where it is suspended."""
    owner = selection.first.row.owner
    execution = standing.get(owner) if owner is not None else None
    if execution is Execution.TRACED:
        return _("A debugger holds this process; continue it there.")
    if execution is not Execution.SUSPENDED:
        return _("This process is not suspended.")
    return why_not_suspend(selection, platform)


def why_no_service(selection: RowSelection) -> str:
    """Return why a row stands for no one service."""
    services = selection.first.row.services
    if not services:
        return _("This process is not a service.")
    if len(services) > 1:
        return _("Which of these services it is can't be determined: {services}.").format(
            services=join_list(services)
        )
    return ""


def _service(selection: RowSelection) -> str:
    return selection.first.row.services[0]
