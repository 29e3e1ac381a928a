"""What stands in an empty table: why it is empty and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QAbstractScrollArea, QLabel, QPushButton, QVBoxLayout, QWidget

from portview.domain.sockets.scope import Scope
from portview.i18n import _, ngettext
from portview.override import override
from portview.ui.search.scope_bar import scope_title
from portview.ui.style.icons import device_pixmap
from portview.ui.style.theme import muted_text

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from portview.models.socket_table_model import SocketTableModel
    from portview.ui.table.socket_views import SocketViews

_ICON_SIZE = 48
_TEXT_WIDTH = 380
_UNSAID_MS = 250
"""A first reading that takes no longer is not spoken of: the words would only flash by."""


class EmptyState(QWidget):
    """A calm notice in the middle of a view, with at most one button."""

    action_requested = Signal()

    def __init__(self, view: QAbstractScrollArea) -> None:
        super().__init__(view.viewport())
        self._view = view
        self._icon_name = "search"
        self._picture = QLabel()
        self._title = self._label()
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self._title.setFont(font)
        self._title.setMinimumWidth(_TEXT_WIDTH)
        self._reason = self._label()
        self._reason.setMinimumWidth(_TEXT_WIDTH)
        self.button = QPushButton()
        self.button.clicked.connect(self.action_requested)
        layout = QVBoxLayout(self)
        layout.addStretch()
        for item in (self._picture, self._title, self._reason, self.button):
            layout.addWidget(item, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()
        view.viewport().installEventFilter(self)
        self.hide()

    def show_notice(self, icon_name: str, title: str, reason: str, button: str = "") -> None:
        """Show why there is nothing, and a button where one helps."""
        self._icon_name = icon_name
        self._title.setText(title)
        self._reason.setText(reason)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self._colour()
        self.setGeometry(self._view.viewport().rect())
        self.show()

    @property
    def title(self) -> str:
        """Return what is said at the moment."""
        return self._title.text()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            resize: QResizeEvent = event  # type: ignore[assignment] # reported by its type
            self.resize(resize.size())
        elif event.type() == QEvent.Type.PaletteChange:
            self._colour()
        return super().eventFilter(watched, event)

    def _colour(self) -> None:
        palette = self._view.palette()
        palette.setColor(QPalette.ColorRole.WindowText, muted_text(palette))
        palette.setColor(QPalette.ColorRole.ButtonText, palette.color(QPalette.ColorRole.Text))
        self._title.setPalette(palette)
        self._reason.setPalette(palette)
        self._picture.setPixmap(device_pixmap(self._icon_name, self, _ICON_SIZE))

    @staticmethod
    def _label() -> QLabel:
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        label.setWordWrap(True)
        return label


class EmptyStates(QObject):
    """The notices of both views on one model, shown while it has no rows; both say the same."""

    action_requested = Signal()
    scope_requested = Signal(object)

    def __init__(self, views: SocketViews, model: SocketTableModel, parent: QObject) -> None:
        super().__init__(parent)
        self.states: list[EmptyState] = []
        self._model = model
        self._scope = Scope.LISTENING
        self._query_text = self._failure = ""
        self._has_snapshot = False
        self._elsewhere: tuple[Scope, int] | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_UNSAID_MS)
        self._patience.timeout.connect(self._refresh)
        self._patience.start()
        model.edits_finished.connect(self._refresh)
        self._watch(views.table)
        views.tree_made.connect(self._watch)

    @Slot(object)
    def _watch(self, view: QAbstractScrollArea) -> None:
        state = EmptyState(view)
        state.action_requested.connect(self._on_button)
        self.states.append(state)
        self._refresh()

    @Slot(object)
    def set_scope(self, scope: Scope) -> None:
        """Store the scope that is shown, after the model has taken it."""
        self._scope = scope
        self._refresh()

    def set_query(self, text: str) -> None:
        """Store the filter that is in force, after the model has taken it."""
        self._query_text = text
        self._refresh()

    def note_snapshot(self) -> None:
        """Know that the machine was read, after the model has taken what was read."""
        self.stop()
        self._failure = ""
        self._has_snapshot = True
        self._refresh()

    @Slot(object)
    def note_failure(self, error: Exception) -> None:
        """Know that the machine could not be read, and why."""
        self.stop()
        self._failure = str(error)
        self._refresh()

    def stop(self) -> None:
        """Show nothing more by itself."""
        self._patience.stop()

    @Slot()
    def _refresh(self) -> None:
        if self._patience.isActive():
            return
        if self._model.rowCount():
            for state in self.states:
                state.hide()
            return
        self._elsewhere = self._find_elsewhere()
        notice = emptiness(
            self._scope,
            self._query_text,
            self._failure,
            has_snapshot=self._has_snapshot,
            total=len(self._model.all_entries()),
            elsewhere=self._elsewhere,
            over=self._model.hidden_time_wait,
        )
        for state in self.states:
            state.show_notice(*notice)

    def _find_elsewhere(self) -> tuple[Scope, int] | None:
        """Return the scope in which most sockets pass the filter that hides all of them here."""
        if not self._query_text.strip():
            return None
        counts = self._model.count_matches()
        counts.pop(self._scope, None)
        scope = max(counts, key=lambda one: counts[one], default=None)
        return (scope, counts[scope]) if scope is not None and counts[scope] else None

    @Slot()
    def _on_button(self) -> None:
        if self._elsewhere is None:
            self.action_requested.emit()
        else:
            self.scope_requested.emit(self._elsewhere[0])


def emptiness(
    scope: Scope,
    query_text: str,
    failure: str,
    *,
    has_snapshot: bool,
    total: int,
    elsewhere: tuple[Scope, int] | None = None,
    over: int = 0,
) -> tuple[str, str, str, str]:
    """Return the icon, the title, the reason and the button for a table without rows.

    ``elsewhere`` is another scope with how many of its sockets pass the filter, ``over`` how many
    connections in TIME_WAIT are not shown.
    """
    if failure and not has_snapshot:
        return ("warning", _("The sockets could not be read"), failure, "")
    if not has_snapshot:
        return ("refresh", _("Reading the sockets of this machine…"), "", "")
    if query_text.strip() and elsewhere is not None:
        other, count = elsewhere
        sentence = ngettext(
            "{count:,} socket matches in {scope}.", "{count:,} sockets match in {scope}.", count
        )
        return (
            "search",
            _("Nothing in {scope} matches the filter").format(scope=scope_title(scope)),
            sentence.format(count=count, scope=scope_title(other)),
            _("Show {scope}").format(scope=scope_title(other)),
        )
    if query_text.strip() and total:
        return (
            "search",
            _("No socket matches the filter"),
            _("{total:,} sockets are hidden by the filter or the scope.").format(total=total),
            _("Clear filter"),
        )
    if over:
        sentence = ngettext(
            "{count:,} connection is closed already and waits in TIME_WAIT (View menu).",
            "{count:,} connections are closed already and wait in TIME_WAIT (View menu).",
            over,
        )
        return ("check", _("No open connections"), sentence.format(count=over), "")
    reason = {
        Scope.LISTENING: _("No program waits for TCP connections at the moment."),
        Scope.CONNECTIONS: _("This machine has no TCP connections at the moment."),
        Scope.UDP: _("No program has a UDP socket open at the moment."),
        Scope.ALL: _("This machine has no TCP or UDP sockets at the moment."),
    }[scope]
    return ("check", _("Nothing here"), reason, "")
