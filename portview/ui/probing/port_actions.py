"""What can be asked of a socket's port from its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.i18n import _
from portview.ui.commands.row_actions import RowAction, Section, Target

if TYPE_CHECKING:
    from portview.ui.commands.row_actions import RowActions
    from portview.ui.probing.probing_tools import ProbingTools
    from portview.ui.table.row_selection import RowSelection


def add_port_actions(actions: RowActions, probing: ProbingTools) -> None:
    """Add the test of a row's connection and the way to a free port near its own."""

    def find_free_port(selection: RowSelection) -> None:
        row = selection.first.row
        probing.find_free_port(row.local.port, row.protocol)

    for row_action in (
        RowAction(
            "test",
            _("&Test connection"),
            Section.PORT,
            lambda selection: probing.test(selection.first),
            shortcuts=("Ctrl+T",),
            tip=_("Does it answer, from where, and what would another machine see?"),
            target=Target.ONE_SOCKET,
        ),
        RowAction(
            "find_free_port_near",
            _("Find a free port &near"),
            Section.PORT,
            find_free_port,
            tip=_("Ports close to this one that a program could take now"),
            target=Target.ONE_SOCKET,
            detail=lambda selection: str(selection.first.row.local.port),
        ),
    ):
        actions.add(row_action)
