"""The tab that shows how much goes through a socket, or how many its process has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout

from portview.domain.formatting import format_rate, format_round_trip, format_size
from portview.domain.owners.explanations import describe_parent
from portview.domain.sockets.connections import is_server, top_clients, total_rate
from portview.domain.sockets.series import Series
from portview.domain.sockets.socket_row import Protocol, endpoint_text
from portview.i18n import _, ngettext
from portview.override import override
from portview.ui.details.details_page import DetailsPage
from portview.ui.details.top_clients import MOST_CLIENTS, TopClients

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.socket_row import SocketKey
    from portview.domain.sockets.traffic import TrafficCounters
    from portview.engine.traffic_feed import TrafficFeed
    from portview.ui.details.details_page import Subject
    from portview.ui.details.traffic_plot import TrafficPlot

_SMALLEST_RATE = 100.0
_SMALLEST_COUNT = 4.0


class TrafficPage(DetailsPage):
    """Bytes per second of a connection or of all of a server's, or how many sockets a process has.

    The feed keeps what was measured while the window is open, so that the plot has a past when the
    tab comes to the front. pyqtgraph is imported then and not before: that takes a third of a
    second.
    """

    def __init__(self, feed: TrafficFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._feed = feed
        self._owner: ProcessKey | None = None
        self._subject: Subject | None = None
        self._counts = Series()
        self._plot: TrafficPlot | None = None
        self.heading = QLabel()
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setWordWrap(True)
        self.heading.setContentsMargins(10, 8, 10, 4)
        self.clients = TopClients()
        self._room = QSplitter(Qt.Orientation.Horizontal)
        self._room.setChildrenCollapsible(False)
        self._room.addWidget(self.clients)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.heading)
        layout.addWidget(self._room, 1)
        feed.rates_changed.connect(self._on_rates_changed)

    @property
    def plot(self) -> TrafficPlot | None:
        """Return the plot, None before the tab was first in front."""
        return self._plot

    @override
    def note(self, subject: Subject) -> None:
        owner = subject.entry.row.key.owner
        if owner != self._owner:
            self._owner = owner
            self._counts.clear()
        self._subject = subject
        if owner is not None:
            self._counts.add(self._feed.now_s(), len(subject.owner_rows))

    @override
    def show_subject(self, subject: Subject) -> None:
        self._subject = subject
        if self._plot is None:
            from portview.ui.details.traffic_plot import TrafficPlot  # noqa: PLC0415 - see the class

            self._plot = TrafficPlot()
            self._room.insertWidget(0, self._plot)
            self._room.setStretchFactor(0, 3)
            self._room.setStretchFactor(1, 1)
        self._draw(self._plot, subject)

    @Slot()
    def _on_rates_changed(self) -> None:
        if self._plot is not None and self._subject is not None and self.isVisible():
            self._draw(self._plot, self._subject)

    def _draw(self, plot: TrafficPlot, subject: Subject) -> None:
        key = subject.entry.row.key
        is_summed = is_server(subject.entry.row)
        rates = self._feed.history.of(key)
        has_rates = len(rates) > 0 or key in self._feed.counters
        has_rates = has_rates or (
            is_summed and any(row.key in self._feed.counters for row in subject.connections)
        )
        names = (_("Down"), _("Up")) if has_rates else (_("Sockets"),)
        if names != plot.names:
            if has_rates:
                plot.set_lines(names, _("bytes per second"), format_rate, _SMALLEST_RATE)
            else:
                plot.set_lines(names, _("sockets"), _count, _SMALLEST_COUNT)
        series = rates if has_rates else self._counts
        now_s = self._feed.now_s()
        plot.show_lines([series.line(number, now_s) for number in range(len(names))])
        self.clients.setVisible(is_summed and has_rates)
        if is_summed and has_rates:
            self.clients.show_clients(
                top_clients(subject.connections, self._feed.rates, MOST_CLIENTS)
            )
            self.heading.setText(self._sum_words(subject))
        elif has_rates:
            self.heading.setText(self._traffic_words(key))
        else:
            self.heading.setText(self._count_words(subject))

    def _sum_words(self, subject: Subject) -> str:
        count = len(subject.connections)
        words = ngettext(
            "{local}, {count:,} connection", "{local}, all {count:,} connections", count
        )
        parts = [words.format(local=endpoint_text(subject.entry.row.local), count=count)]
        total = total_rate((row.key for row in subject.connections), self._feed.rates)
        if total is not None:
            parts.append(_("Down {rate}").format(rate=format_rate(total.received_bytes_per_s)))
            parts.append(_("Up {rate}").format(rate=format_rate(total.sent_bytes_per_s)))
        return "   \u00b7   ".join(parts)

    def _traffic_words(self, key: SocketKey) -> str:
        words = [f"{endpoint_text(key.local)} \u2194 {endpoint_text(key.remote)}"]
        rate, counters = self._feed.rates.get(key), self._feed.counters.get(key)
        if rate is not None:
            words.append(_("Down {rate}").format(rate=format_rate(rate.received_bytes_per_s)))
            words.append(_("Up {rate}").format(rate=format_rate(rate.sent_bytes_per_s)))
        if counters is not None:
            words.append(_counter_words(counters))
        return "   \u00b7   ".join(words)

    def _count_words(self, subject: Subject) -> str:
        key, info = subject.entry.row.key, subject.entry.info
        if key.owner is None:
            return _("No traffic is known of this socket, and no process to count the sockets of.")
        if is_server(subject.entry.row):
            reason = self._feed.hint if subject.connections else _("Nobody is connected.")
            reason = reason or _("No traffic is known of its connections (yet).")
        elif key.protocol is Protocol.TCP and key.remote is not None:
            reason = self._feed.hint or _("No traffic is known of this connection (yet).")
        else:
            reason = _("Bytes are counted for TCP connections only.")
        name = describe_parent(info) if info else _("PID {pid}").format(pid=key.owner.pid)
        return _("{reason} Shown instead: how many sockets {name} has.").format(
            reason=reason, name=name
        )


def _count(value: float) -> str:
    return f"{value:.0f}" if value == round(value) else ""


def _counter_words(counters: TrafficCounters) -> str:
    words = _("{received} received and {sent} sent so far").format(
        received=format_size(counters.received_bytes), sent=format_size(counters.sent_bytes)
    )
    if counters.rtt_us is None:
        return words
    round_trip = _("round trip {time}").format(time=format_round_trip(counters.rtt_us))
    return f"{words}   \u00b7   {round_trip}"
