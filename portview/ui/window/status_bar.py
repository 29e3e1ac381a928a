"""The line below the table: totals, what could not be read, and what the reading costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLabel, QStatusBar, QToolButton, QWidget

from portview.domain.sockets.socket_row import State
from portview.i18n import _, ngettext
from portview.models.tooltips import plain_tooltip
from portview.ui.widgets.announce import announce
from portview.ui.widgets.elided_label import ElidedLabel
from portview.ui.window.live_button import interval_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.diagnosis.overview import PortsOverview
    from portview.domain.errors import PortViewError
    from portview.domain.sockets.snapshot import Snapshot


class StatusBar(QStatusBar):
    """Shows facts about the last reading. All texts are plain.

    ``note_clicked`` asks for the place that a note is about.
    """

    note_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.totals = self._label(_("Sockets by state"))
        self.waiting = self._label(_("Changes that wait"))
        self._problem = self._label(_("What could not be read"))
        self.usage = self._label(_("Dynamic ports"))
        self._rights = self._label(_("Rights"))
        self._cost = self._label(_("Cost of the last reading"))
        self.addWidget(self.totals)
        self.addWidget(self.waiting)
        self.addWidget(self._problem, 1)
        self._left = (self.totals, self.waiting, self._problem)
        self.messageChanged.connect(self._on_message_changed)
        self.note = QToolButton()
        self.note.setAutoRaise(True)
        self.note.clicked.connect(self.note_clicked)
        self.note.hide()
        self.addPermanentWidget(self.note)
        self.addPermanentWidget(self.usage)
        self.addPermanentWidget(self._rights)
        self.addPermanentWidget(self._cost)

    def show_rights(self, *, is_elevated: bool) -> None:
        """Report whether other users' processes can be read."""
        self._say(self._rights, _("elevated") if is_elevated else _("not elevated"))
        self._rights.setToolTip(
            _("PortView runs with administrator rights.")
            if is_elevated
            else _("PortView runs without administrator rights. Some owners can't be shown.")
        )

    @Slot(object)
    def show_usage(self, overviews: tuple[PortsOverview, ...]) -> None:
        """Show how many dynamic ports are in use, of the protocol that has the fewest left."""
        known = [one.usage for one in overviews if one.usage is not None]
        if not known:
            self._say(self.usage, "")
            return
        usage = max(known, key=lambda one: one.share)
        warnings = [warning.sentence for one in overviews for warning in one.warnings]
        text = _("dynamic ports {used:,} of {size:,}").format(used=usage.used, size=usage.size)
        if any(warning.code == "port_exhaustion" for one in overviews for warning in one.warnings):
            text = _("\u26a0 {text}, running out").format(text=text)
        self._say(self.usage, text)
        lines = [f"{count:,}  {name}" for name, count in usage.by_process]
        self.usage.setToolTip(plain_tooltip("\n".join([*warnings, *lines])))

    def show_snapshot(
        self, snapshot: Snapshot, states: Mapping[State | None, int], interval_ms: int
    ) -> None:
        """Show the totals and the cost of a snapshot, and forget an earlier failure."""
        parts = [
            _("{count:,} listening").format(count=states.get(State.LISTEN, 0)),
            _("{count:,} established").format(count=states.get(State.ESTABLISHED, 0)),
        ]
        if waiting := states.get(State.TIME_WAIT, 0):
            parts.append(f"{waiting:,} TIME_WAIT")
        self._say(self.totals, "  \u00b7  ".join(parts))
        self._say(
            self._cost,
            _("read {read_ms:.0f} ms of {interval_text}").format(
                read_ms=snapshot.read_ms, interval_text=interval_text(interval_ms)
            ),
        )
        self._cost.setToolTip(
            _("The last reading by {source} took {read_ms:.1f} ms for {count:,} sockets.").format(
                source=snapshot.source, read_ms=snapshot.read_ms, count=len(snapshot.rows)
            )
        )
        self._say(self._problem, snapshot.notes[0] if snapshot.notes else "")
        self._problem.setToolTip("\n".join(snapshot.notes))

    def show_failure(self, error: PortViewError | Exception) -> None:
        """Show that a reading failed; the table stays as it was."""
        hint = getattr(error, "hint", "")
        self._say(self._problem, _("The last reading failed: {error}").format(error=error))
        self._problem.setToolTip(f"{error}\n{hint}".strip())

    def show_note(self, sentence: str) -> None:
        """Show that firewall rules of PortView's want to be revoked; empty hides it."""
        self.note.setText(_("Firewall rules to revoke…"))
        self.note.setToolTip(plain_tooltip(sentence))
        self.note.setAccessibleDescription(sentence)
        self.note.setVisible(bool(sentence))

    def show_waiting(self, changes: int) -> None:
        """Show how many changes a held table keeps back; 0 hides it."""
        self._say(self.waiting, _waiting_text(changes))

    def _say(self, label: QLabel, text: str) -> None:
        """Let a label say something; one that says nothing has no frame either.

        While a message is shown the labels on the left give way to it, and come back after it.
        """
        label.setText(text)
        is_covered = label in self._left and bool(self.currentMessage())
        label.setVisible(bool(text) and not is_covered)

    @Slot(str)
    def _on_message_changed(self, message: str) -> None:
        announce(self, message)
        for label in self._left:
            label.setVisible(bool(label.text()) and not message)

    @staticmethod
    def _label(accessible_name: str) -> ElidedLabel:
        label = ElidedLabel()
        label.setAccessibleName(accessible_name)
        label.setContentsMargins(6, 2, 6, 2)
        label.hide()
        return label


def _waiting_text(changes: int) -> str:
    if not changes:
        return ""
    return ngettext("{count:,} change waiting", "{count:,} changes waiting", changes).format(
        count=changes
    )
