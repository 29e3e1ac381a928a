"""What goes into an exported file."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.json_schema import snapshot_document
from portview.domain.table.export import as_csv, as_html, as_json, encode
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.table.cells import CellContext
    from portview.domain.table.columns import Column


class ExportForm(StrEnum):
    """The forms of an exported file; the value is its ending."""

    CSV = "csv"
    JSON = "json"
    HTML = "html"


def export_content(
    form: ExportForm,
    columns: Sequence[Column],
    entries: Sequence[SocketEntry],
    snapshot: Snapshot,
    context: CellContext,
    *,
    is_elevated: bool,
) -> bytes:
    """Return a file's content. JSON is the document of ``list --json``, whatever the columns.

    CSV begins with a byte order mark, so that spreadsheets know it for UTF-8.
    """
    match form:
        case ExportForm.CSV:
            return encode(as_csv(columns, entries, context), has_bom=True)
        case ExportForm.HTML:
            return encode(as_html(columns, entries, context, title=_("Sockets of this machine")))
        case ExportForm.JSON:
            rows = tuple(entry.row for entry in entries)
            return encode(as_json(snapshot_document(snapshot, rows, is_elevated=is_elevated)))
