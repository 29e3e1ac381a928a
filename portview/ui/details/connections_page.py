"""The tab that lists a server's connections, or a client's to the same server, with their rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from portview.domain.formatting import format_rate
from portview.domain.sockets.connections import is_server, total_rate
from portview.domain.sockets.socket_row import Protocol, endpoint_text
from portview.i18n import _, ngettext
from portview.override import override
from portview.ui.details.details_page import DetailsPage
from portview.ui.details.socket_list import SocketList
from portview.ui.widgets.wrapped_label import mute, wrapped_label

if TYPE_CHECKING:
    from portview.ui.details.details_page import Subject
    from portview.ui.table.data_sources import DataSources

_SHOWN = ("remote_address", "remote_host", "process", "state", "down", "up", "age")


class ConnectionsPage(DetailsPage):
    """One row for each connection; ``socket_chosen`` carries the key of one that was chosen."""

    socket_chosen = Signal(object)

    def __init__(self, data_sources: DataSources, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hosts = data_sources.hosts
        self._feed = data_sources.traffic
        self._subject: Subject | None = None
        describe = data_sources.describe
        self.list = SocketList(
            describe,
            describe().port_names,
            _SHOWN,
            name=_("Connections of this socket"),
            sorted_by="remote_address",
        )
        self.list.socket_chosen.connect(self.socket_chosen)
        self.nothing = wrapped_label(_("Why there are no connections"))
        place = QWidget()
        room = QVBoxLayout(place)
        room.addWidget(self.nothing)
        room.addStretch(1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.list)
        self._stack.addWidget(place)
        self._feed.rates_changed.connect(self._on_rates_changed)

    @property
    def title(self) -> QLabel:
        """Return the line above the list."""
        return self.list.title

    @override
    def show_subject(self, subject: Subject) -> None:
        self._subject = subject
        rows = subject.connections
        self.list.show_rows(subject.entry.row.key, rows, subject.snapshot, self._title_of(subject))
        self._stack.setCurrentIndex(0 if rows else 1)
        if rows:
            visible = self.list.table.visible_entries()
            self._hosts.want(one.row.remote.address for one in visible if one.row.remote)
        else:
            self.nothing.setText(_why_none(subject))
            mute(self.nothing)

    @Slot()
    def _on_rates_changed(self) -> None:
        if self._subject is None or not self.isVisible():
            return
        self.list.title.setText(self._title_of(self._subject))
        for column in ("down", "up"):
            self.list.model.show_context(column)

    def _title_of(self, subject: Subject) -> str:
        rows = subject.connections
        count = len(rows)
        if is_server(subject.entry.row):
            words = ngettext("{count:,} connection", "{count:,} connections", count)
        else:
            words = ngettext(
                "{count:,} connection to {remote}", "{count:,} connections to {remote}", count
            )
        parts = [words.format(count=count, remote=endpoint_text(subject.entry.row.remote))]
        total = total_rate((row.key for row in rows), self._feed.rates)
        if total is not None:
            parts.append(_("Down {rate}").format(rate=format_rate(total.received_bytes_per_s)))
            parts.append(_("Up {rate}").format(rate=format_rate(total.sent_bytes_per_s)))
        elif rows and self._feed.hint:
            parts.append(self._feed.hint)
        return "   \u00b7   ".join(parts)


def _why_none(subject: Subject) -> str:
    row = subject.entry.row
    if not subject.is_open:
        return _("This socket has closed.")
    if row.protocol is Protocol.UDP:
        return _("UDP has no connections.")
    return _("Nobody is connected.") if is_server(row) else _("This socket has no connection.")
