"""From a socket to what is behind it: its page in the browser, its program's folder, its parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from portview.domain.owners.owners import describe_field_problem
from portview.domain.user_input.browser_url import browser_url, why_no_browser
from portview.i18n import _
from portview.ui.commands.row_actions import RowAction, Section, Target
from portview.ui.widgets.open_folder import open_folder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketKey
    from portview.engine.task_runner import TaskRunner
    from portview.ui.commands.row_actions import RowActions
    from portview.ui.table.row_selection import RowSelection


def add_opening_actions(
    actions: RowActions,
    runner: TaskRunner,
    notify: Callable[[str], None],
) -> None:
    """Add what opens something else than PortView; ``show_message`` gets refusals."""

    def open_in_browser(selection: RowSelection) -> None:
        url = browser_url(selection.first.row)
        if not QDesktopServices.openUrl(QUrl(url, QUrl.ParsingMode.StrictMode)):
            notify(_("The desktop could not open a browser for {url}").format(url=url))

    def open_file_location(selection: RowSelection) -> None:
        info = selection.first.info
        if info is not None and info.executable:
            open_folder_of(info.executable, runner, notify)

    for row_action in (
        RowAction(
            "open_in_browser",
            _("Open in &browser"),
            Section.OPENING,
            open_in_browser,
            lambda selection: why_no_browser(selection.first.row),
            ("Ctrl+B",),
            target=Target.ONE_SOCKET,
        ),
        RowAction(
            "open_file_location",
            _("Open file &location"),
            Section.OPENING,
            open_file_location,
            _why_no_file,
            ("Ctrl+Shift+O",),
            target=Target.ONE_PROCESS,
        ),
    ):
        actions.add(row_action)


def add_parent_action(
    actions: RowActions,
    all_entries: Callable[[], Collection[SocketEntry]],
    reveal: Callable[[SocketKey], None],
) -> None:
    """Add the way to the parent process. ``reveal`` selects a socket wherever it is."""

    def why_no_parent(selection: RowSelection) -> str:
        if selection.first.info is None or selection.first.info.parent_pid is None:
            return _("The parent process is not known.")
        if _socket_of_parent(selection.first, all_entries()) is None:
            return _("The parent, PID {parent_pid}, has no socket.").format(
                parent_pid=selection.first.info.parent_pid
            )
        return ""

    def go_to_parent(selection: RowSelection) -> None:
        entry = _socket_of_parent(selection.first, all_entries())
        if entry is not None:
            reveal(entry.row.key)

    actions.add(
        RowAction(
            "go_to_parent",
            _("Go to pare&nt process"),
            Section.FINDING,
            go_to_parent,
            why_no_parent,
            ("Ctrl+Up",),
            target=Target.ONE_PROCESS,
        )
    )


def _why_no_file(selection: RowSelection) -> str:
    info = selection.first.info
    if info is None or not info.executable:
        return _("The file of the program is not known: {field_problem}.").format(
            field_problem=describe_field_problem(info, "executable")
        )
    if info.executable_deleted:
        return _("The program's file was deleted while it was running.")
    return ""


def _socket_of_parent(entry: SocketEntry, entries: Collection[SocketEntry]) -> SocketEntry | None:
    """Return the parent's socket with the lowest port.

    A process that started later than its child has the parent's PID, but is not the parent.
    """
    info = entry.info
    if info is None or info.parent_pid is None:
        return None
    fitting = (
        other
        for other in entries
        if other.row.owner is not None
        and other.row.owner.pid == info.parent_pid
        and other.row.owner.started_ms <= info.key.started_ms
    )
    return min(fitting, key=lambda other: (other.row.local.port, other.place), default=None)
