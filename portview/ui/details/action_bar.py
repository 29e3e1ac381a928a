"""The bar of actions in the details' header: what can be done about the chosen socket, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from portview.i18n import _
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.style.tokens import SPACE_S
from portview.ui.widgets.key_button import KeyButton

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from portview.ui.commands.row_actions import RowActions
    from portview.ui.details.details_page import Subject


class BarEntry(NamedTuple):
    """A button for an action on rows. Those that ``only_for`` another kind of row are not there."""

    name: str
    title: str
    only_for: str = ""


class ActionBar(QWidget):
    """Shows as many buttons as there is room for; the rest are in a menu behind them.

    What can't work now is disabled and its tooltip says why. The first button that is there and
    works is what Enter and a double-click on the row do.
    """

    notified = Signal(str)

    def __init__(self, rows: RowActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self._subject: Subject | None = None
        self._entries = [
            BarEntry("free_port", _("Free port\u2026"), "holder"),
            BarEntry("test", _("Test")),
            BarEntry("close_connection", _("Close\u2026"), "connection"),
            BarEntry("why_port", _("Why?")),
            BarEntry("open_in_browser", _("Open"), "holder"),
            BarEntry("watch_port", _("Watch\u2026"), "holder"),
            BarEntry("copy_rows", _("Copy")),
            BarEntry("properties", _("Properties")),
        ]
        self._buttons: list[tuple[BarEntry, KeyButton]] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        # Else the buttons as they are would be the least that this widget takes.
        self._row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        self._row.setSpacing(SPACE_S - 2)
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self._more = QToolButton(self)
        self._more.setText("\u2026")
        self._more.setAutoRaise(True)
        self._more.setAccessibleName(_("More actions"))
        self._more.setToolTip(_("More actions"))
        self._more.setMenu(self._menu)
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(_("Actions"))

    @property
    def buttons(self) -> dict[str, KeyButton]:
        """Return the buttons that are there for the chosen socket, by the actions' names."""
        self._compose()
        return {entry.name: button for entry, button in self._wanted()}

    @property
    def first(self) -> str:
        """Return the name of the action that Enter does, empty where none works."""
        if self._subject is None or not self._subject.is_open:
            return ""
        for entry in self._entries:
            if self._is_wanted(entry) and not self._rows.why_not(entry.name):
                return entry.name
        return ""

    @Slot(object)
    def show_subject(self, subject: Subject | None) -> None:
        """Offer what can be done about another socket, or about the same one a tick later."""
        self._subject = subject
        if subject is None or not self.isVisible():
            return
        self._compose()
        first = self.first
        for entry, button in self._buttons:
            reason = self._why_not(entry)
            button.setEnabled(not reason)
            button.setToolTip(plain_tooltip(reason or self._rows.tip(entry.name)))
            button.set_primary(is_primary=entry.name == first)
        self._fit()

    @Slot()
    def do_first(self) -> None:
        """Do what Enter does, or say why nothing can be done."""
        first = self.first
        if first:
            self._rows.trigger(first)
        elif self._subject is not None and not self._subject.is_open:
            self.notified.emit(_("This socket has closed."))

    @override
    def sizeHint(self) -> QSize:
        buttons = [button.sizeHint() for _entry, button in self._wanted()]
        width = sum(size.width() for size in buttons) + self._row.spacing() * len(buttons)
        height = max((size.height() for size in buttons), default=self._more.sizeHint().height())
        return QSize(width, height)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(self._more.sizeHint().width(), self.sizeHint().height())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _compose(self) -> None:
        if self._buttons:
            return
        self._entries = [entry for entry in self._entries if self._rows.has(entry.name)]
        for entry in self._entries:
            button = KeyButton(entry.title, parent=self)
            button.clicked.connect(lambda _checked=False, name=entry.name: self._rows.trigger(name))
            self._row.addWidget(button)
            self._buttons.append((entry, button))
        self._row.addWidget(self._more)

    def _is_wanted(self, entry: BarEntry) -> bool:
        if self._subject is None:
            return False
        is_connection = self._subject.entry.row.remote is not None
        kind = "connection" if is_connection else "holder"
        return entry.only_for in {"", kind}

    def _wanted(self) -> list[tuple[BarEntry, KeyButton]]:
        return [(entry, button) for entry, button in self._buttons if self._is_wanted(entry)]

    def _why_not(self, entry: BarEntry) -> str:
        if self._subject is not None and not self._subject.is_open:
            return _("This socket has closed.")
        return self._rows.why_not(entry.name)

    def _fit(self) -> None:
        """Show the buttons from the left as far as the width goes."""
        wanted = self._wanted()
        needed = [button.sizeHint().width() + self._row.spacing() for _entry, button in wanted]
        is_tight = sum(needed) > self.width() + self._row.spacing()
        room = self.width() - (self._more.sizeHint().width() if is_tight else 0)
        shown = set()
        for (entry, _button), width in zip(wanted, needed, strict=True):
            room -= width
            if is_tight and room < -self._row.spacing():
                break
            shown.add(entry.name)
        for entry, button in self._buttons:
            button.setVisible(entry.name in shown)
        self._more.setVisible(is_tight)
        self.updateGeometry()

    @Slot()
    def _fill_menu(self) -> None:
        self._menu.clear()
        for entry, button in self._wanted():
            if button.isHidden():
                action = self._menu.addAction(entry.title)
                action.setEnabled(button.isEnabled())
                action.setToolTip(button.toolTip())
                action.triggered.connect(
                    lambda _checked=False, name=entry.name: self._rows.trigger(name)
                )
