"""Copying: a cell, rows as text, rows in the forms that other programs read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QStringListModel
from PySide6.QtGui import QGuiApplication

from portview.i18n import N_, _
from portview.ui.commands.row_actions import RowAction, Section

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QMimeData

    from portview.domain.table.cells import CellContext
    from portview.ui.commands.row_actions import RowActions
    from portview.ui.table.row_selection import RowSelection

_COPY_AS = N_("Copy &as")


def add_copy_actions(
    actions: RowActions, context: Callable[[], CellContext], notify: Callable[[str], None]
) -> None:
    """Add the ways of copying. ``show_message`` says what was copied."""

    def copy_cell(selection: RowSelection) -> None:
        if selection.current is None or selection.column is None:
            return
        text = selection.column.text(selection.current, context())
        _put(text)
        notify(_("Copied the cell: {title}.").format(title=_(selection.column.title)))

    def copy_rows(selection: RowSelection) -> None:
        from portview.domain.table.export import as_csv, as_text  # noqa: PLC0415 - loaded when wanted

        text = as_text(selection.columns, selection.entries, context())
        csv = as_csv(selection.columns, selection.entries, context())
        _put(text, csv)
        notify(_copied(selection, "text"))

    def copy_csv(selection: RowSelection) -> None:
        from portview.domain.table.export import as_csv  # noqa: PLC0415 - likewise

        csv = as_csv(selection.columns, selection.entries, context())
        _put(csv, csv)
        notify(_copied(selection, "CSV"))

    def copy_json(selection: RowSelection) -> None:
        from portview.domain.json_schema import socket_object  # noqa: PLC0415 - likewise
        from portview.domain.table.export import as_json  # noqa: PLC0415 - likewise

        objects = [socket_object(entry.row, entry.info) for entry in selection.entries]
        _put(as_json(objects))
        notify(_copied(selection, "JSON"))

    def copy_markdown(selection: RowSelection) -> None:
        from portview.domain.table.export import as_markdown  # noqa: PLC0415 - likewise

        _put(as_markdown(selection.columns, selection.entries, context()))
        notify(_copied(selection, "Markdown"))

    for row_action in (
        RowAction(
            "copy_cell",
            _("Copy c&ell"),
            Section.COPYING,
            copy_cell,
            _why_no_cell,
            ("Ctrl+Shift+C",),
            detail=lambda selection: _(selection.column.title) if selection.column else "",
        ),
        RowAction("copy_rows", _("&Copy rows"), Section.COPYING, copy_rows, shortcuts=("Ctrl+C",)),
        RowAction(
            "copy_text",
            _("&Text"),
            Section.COPYING,
            copy_rows,
            submenu=_(_COPY_AS),
            tip=_("Cells with tabs between them, as spreadsheets paste them"),
        ),
        RowAction("copy_csv", _("CS&V"), Section.COPYING, copy_csv, submenu=_(_COPY_AS)),
        RowAction("copy_json", _("&JSON"), Section.COPYING, copy_json, submenu=_(_COPY_AS)),
        RowAction(
            "copy_markdown", _("&Markdown"), Section.COPYING, copy_markdown, submenu=_(_COPY_AS)
        ),
    ):
        actions.add(row_action)


def _why_no_cell(selection: RowSelection) -> str:
    return "" if selection.current and selection.column else _("No cell is current.")


def _copied(selection: RowSelection, form: str) -> str:
    count = len(selection.entries)
    return _("Copied {count:,} {part} as {form}.").format(
        count=count, part="row" if count == 1 else "rows", form=form
    )


def _put(text: str, csv: str = "") -> None:
    content = _empty_content()
    content.setText(text)
    if csv:
        from portview.domain.table.export import encode  # noqa: PLC0415 - likewise

        content.setData("text/csv", encode(csv))
    QGuiApplication.clipboard().setMimeData(content)


def _empty_content() -> QMimeData:
    """Return contents for the clipboard that Qt made itself.

    What Python made would be deleted by Qt at exit, after Python has gone, which ends the program
    with a fault (seen with PySide6 6.11.3).
    """
    model = QStringListModel([""])
    content = model.mimeData([model.index(0, 0)])
    for form in content.formats():
        content.removeFormat(form)
    return content
