"""Filter by this, leave this out: what the selected rows say becomes part of the filter."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.owners.owners import user_of
from portview.i18n import N_, _
from portview.ui.commands.row_actions import RowAction, Section

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import State
    from portview.ui.commands.row_actions import RowActions
    from portview.ui.table.row_selection import RowSelection

_MOST_VALUES = 50
_FILTER_BY = N_("&Filter by this")
_LEAVE_OUT = N_("Lea&ve this out")


class _Field(NamedTuple):
    key: str
    title: str
    value: Callable[[SocketEntry], str | None]

    def values(self, selection: RowSelection) -> list[str]:
        found = (self.value(entry) for entry in selection.entries)
        return list(dict.fromkeys(value for value in found if value))

    def why_not(self, selection: RowSelection) -> str:
        values = self.values(selection)
        if not values:
            return _("{replace}: not known here.").format(replace=_(self.title).replace("&", ""))
        if len(values) > _MOST_VALUES:
            return _("The selected rows have {count:,} different values.").format(count=len(values))
        return ""

    def detail(self, selection: RowSelection) -> str:
        return ", ".join(self.values(selection))


_FIELDS = (
    _Field("port", N_("&Port"), lambda entry: str(entry.row.local.port)),
    _Field("proc", N_("P&rocess"), lambda entry: entry.info.name if entry.info else None),
    _Field("pid", N_("P&ID"), lambda entry: _text(entry.row.pid)),
    _Field("local", N_("&Local address"), lambda entry: entry.row.local.address),
    _Field(
        "remote",
        N_("Re&mote address"),
        lambda entry: entry.row.remote.address if entry.row.remote else None,
    ),
    _Field(
        "state",
        N_("&State"),
        lambda entry: _state(entry.row.state) if entry.row.state else None,
    ),
    _Field("user", N_("&User"), lambda entry: user_of(entry.row, entry.info)),
)


def add_filter_actions(actions: RowActions, narrow: Callable[[str, bool], None]) -> None:
    """Add the ways to filter by a row. ``narrow`` gets a term, and whether it is to be left out."""
    for submenu, name, is_left_out in (
        (_FILTER_BY, "filter_by", False),
        (_LEAVE_OUT, "leave_out", True),
    ):
        for each in _FIELDS:
            actions.add(
                RowAction(
                    f"{name}_{each.key}",
                    _(each.title),
                    Section.FINDING,
                    partial(_narrow_by, each, narrow, is_left_out=is_left_out),
                    each.why_not,
                    submenu=_(submenu),
                    detail=each.detail,
                )
            )


def _narrow_by(
    each: _Field,
    narrow: Callable[[str, bool], None],
    selection: RowSelection,
    *,
    is_left_out: bool,
) -> None:
    # Loaded when somebody filters, like all of the query language.
    from portview.domain.query.narrowing import term_text  # noqa: PLC0415
    from portview.domain.query.terms import Key  # noqa: PLC0415

    narrow(term_text(Key(each.key), each.values(selection)), is_left_out)


def _state(state: State) -> str:
    from portview.domain.query.formatting import format_state  # noqa: PLC0415 - see above

    return format_state(state)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
