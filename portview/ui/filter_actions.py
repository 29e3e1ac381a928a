"""Filter by this, leave this out: what the selected rows say becomes part of the filter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from portview.domain.owners import user_of
from portview.domain.query.formatting import format_state
from portview.domain.query.narrowing import term_text
from portview.domain.query.terms import Key
from portview.ui.row_actions import RowAction, Section

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.entry import Entry
    from portview.ui.row_actions import RowActions
    from portview.ui.row_selection import RowSelection

_MOST_VALUES = 50
_FILTER_BY = "&Filter by this"
_LEAVE_OUT = "Lea&ve this out"


@dataclass(frozen=True, slots=True)
class _Field:
    key: Key
    title: str
    value: Callable[[Entry], str | None]

    def values(self, selection: RowSelection) -> list[str]:
        found = (self.value(entry) for entry in selection.entries)
        return list(dict.fromkeys(value for value in found if value))

    def why_not(self, selection: RowSelection) -> str:
        values = self.values(selection)
        if not values:
            return f"{self.title.replace('&', '')}: nothing is known of it here."
        if len(values) > _MOST_VALUES:
            return f"The selected rows have {len(values):,} different values."
        return ""

    def detail(self, selection: RowSelection) -> str:
        return ", ".join(self.values(selection))


_FIELDS = (
    _Field(Key.PORT, "&Port", lambda entry: str(entry.row.local.port)),
    _Field(Key.PROC, "P&rocess", lambda entry: entry.info.name if entry.info else None),
    _Field(Key.PID, "P&ID", lambda entry: _text(entry.row.pid)),
    _Field(Key.LOCAL, "&Local address", lambda entry: entry.row.local.address),
    _Field(
        Key.REMOTE,
        "Re&mote address",
        lambda entry: entry.row.remote.address if entry.row.remote else None,
    ),
    _Field(
        Key.STATE,
        "&State",
        lambda entry: format_state(entry.row.state) if entry.row.state else None,
    ),
    _Field(Key.USER, "&User", lambda entry: user_of(entry.row, entry.info)),
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
                    each.title,
                    Section.FINDING,
                    partial(_narrow_by, each, narrow, is_left_out=is_left_out),
                    each.why_not,
                    submenu=submenu,
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
    narrow(term_text(each.key, each.values(selection)), is_left_out)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
