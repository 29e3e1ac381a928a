"""The four scopes with their counts, as a row of buttons of which one is down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLayout, QToolButton, QWidget

from portview.domain.sockets.scope import Scope
from portview.i18n import N_, _, ngettext, pgettext
from portview.override import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QResizeEvent

_TITLES = {
    Scope.LISTENING: (
        N_("Listening"),
        N_("TCP sockets that hold a port: listening, or bound to it"),
    ),
    Scope.CONNECTIONS: (N_("Connections"), N_("TCP connections, also those that are closing")),
    Scope.UDP: (N_("UDP"), N_("UDP sockets; UDP knows no connections and no states")),
    Scope.ALL: (N_("All"), N_("Every socket of this machine")),
}


_SPACING = 2


def scope_title(scope: Scope) -> str:
    """Return the name of a scope as the window shows it."""
    return _(_TITLES[scope][0])


class ScopeBar(QWidget):
    """Knows which scope is shown and lets people choose one.

    Where there is no room for the counts they are left out, to be read in the tooltips.
    """

    scope_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Scope"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_SPACING)
        # Else the buttons as they are would be the least that this widget takes.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._group = QButtonGroup(self)
        self._buttons: dict[Scope, QToolButton] = {}
        for number, scope in enumerate(Scope, start=1):
            button = QToolButton(self)
            button.setCheckable(True)
            button.toggled.connect(self._on_toggled)
            button.setAutoRaise(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            self._group.addButton(button, number)
            self._buttons[scope] = button
            layout.addWidget(button)
        layout.addStretch(1)
        self._group.idClicked.connect(self._on_clicked)
        self._scope = Scope.LISTENING
        self._counts: dict[Scope, int | None] = {}
        self.show_counts(dict.fromkeys(Scope, None))

    @property
    def scope(self) -> Scope:
        """Return the scope that is shown."""
        return self._scope

    @property
    def buttons(self) -> list[QToolButton]:
        """Return the buttons from left to right."""
        return list(self._buttons.values())

    def set_scope(self, scope: Scope) -> None:
        """Press the button of a scope and report, also where it was pressed before."""
        self._scope = scope
        self._buttons[scope].setChecked(True)
        self.scope_changed.emit(scope)

    def show_counts(self, counts: Mapping[Scope, int | None]) -> None:
        """Show how many sockets each scope has; None before the first snapshot."""
        if counts == self._counts:
            return
        self._counts = dict(counts)
        for number, (scope, button) in enumerate(self._buttons.items(), start=1):
            title, count = scope_title(scope), counts.get(scope)
            tip, name = _(_TITLES[scope][1]), title
            if count is not None:
                name = ngettext(
                    "{scope}, {count} socket", "{scope}, {count} sockets", count
                ).format(scope=title, count=count)
                # Translators: what a scope is and how many sockets it has.
                tip = pgettext("scope", "{about}: {count:,}").format(about=tip, count=count)
            button.setAccessibleName(name)
            button.setToolTip(f"{tip} (Alt+{number})")
        self._measure()

    @override
    def sizeHint(self) -> QSize:
        return QSize(self._steady, super().sizeHint().height())

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(self._least_width, super().sizeHint().height())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_what_fits()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._measure()

    def _measure(self) -> None:
        # By the buttons themselves: each style adds to the text what it likes.
        self._least_width = self._show_texts(is_counted=False)
        self._width = self._show_texts(is_counted=True)
        self._steady = self._show_texts(is_counted=True, is_steady=True)
        self.updateGeometry()
        parent = self.parentWidget()
        around = parent.layout() if parent is not None else None
        if around is not None and self.width() < self._steady:
            around.activate()  # so that counts never flicker where there is room for larger ones
        self._show_what_fits()

    def _show_texts(self, *, is_counted: bool, is_steady: bool = False) -> int:
        """Name the scopes, with or without their counts; return the width that this takes.

        ``is_steady`` keeps the places of the buttons while figures change.
        """
        for scope, button in self._buttons.items():
            count = self._counts.get(scope) if is_counted else None
            text = scope_title(scope) + ("" if count is None else f"  {count:,}")
            if button.text() != text:
                button.setText(text)
            is_fixed = is_steady and count is not None
            button.setMinimumWidth(self._steady_width(button, count or 0) if is_fixed else 0)
        buttons = self._buttons.values()
        widths = (max(each.sizeHint().width(), each.minimumWidth()) for each in buttons)
        return sum(widths) + _SPACING * len(buttons)

    def _show_what_fits(self) -> None:
        width = self.width()
        self._show_texts(is_counted=width >= self._width, is_steady=width >= self._steady)

    @staticmethod
    def _steady_width(button: QToolButton, count: int) -> int:
        """Return a width that holds as many figures of any kind, bold too, so that none jumps."""
        bold = QFont(button.font())
        bold.setBold(True)
        figures = "".join("0" if each.isdigit() else each for each in f"{count:,}")
        title = button.text().rpartition("  ")[0]
        own = button.fontMetrics().horizontalAdvance(button.text())
        around = button.sizeHint().width() - own
        return QFontMetrics(bold).horizontalAdvance(f"{title}  {figures}") + around

    def _on_toggled(self, is_checked: bool) -> None:  # noqa: FBT001 - a Qt signal's form
        # Bold as well as pressed: some dark styles press a button hardly visibly.
        button = self.sender()
        if isinstance(button, QToolButton):
            font = button.font()
            font.setBold(is_checked)
            button.setFont(font)
            self._measure()

    def _on_clicked(self, number: int) -> None:
        self.set_scope(list(Scope)[number - 1])
