"""The bar above the table that tells how many owners only an administrator can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from portview.domain.sockets.socket_row import OwnerProblem
from portview.i18n import _, ngettext
from portview.override import override
from portview.ui.style.contrast import is_high_contrast
from portview.ui.style.icons import icon, set_button_icon
from portview.ui.style.theme import blended
from portview.ui.style.tokens import ICON_SMALL, RADIUS_CONTROL, SPACE_M, SPACE_S, SPACE_XS
from portview.ui.widgets.elided_label import ElidedLabel
from portview.ui.widgets.key_button import KeyButton

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QPaintEvent

_TINT = 0.12


class InfoBar(QFrame):
    """Is there while owners are hidden that an administrator would see, until somebody closes it.

    ``administrator_wanted`` asks for the act that the File menu has as well.
    """

    administrator_wanted = Signal()

    def __init__(self, *, is_elevated: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_unwanted = is_elevated
        self._count = 0
        self._is_composed = False
        self.setAccessibleName(_("Hidden owners"))
        self.hide()

    @property
    def text(self) -> str:
        """Return what is said, empty while nothing is."""
        return self._label.text() if self._is_composed and not self.isHidden() else ""

    def show_problems(self, problems: Mapping[OwnerProblem | None, int]) -> None:
        """Say how many sockets have an owner that only an administrator can see."""
        count = 0 if self._is_unwanted else problems.get(OwnerProblem.ACCESS_DENIED, 0)
        if count == self._count:
            return
        self._count = count
        if count:
            self._compose()
            self._label.setText(
                ngettext(
                    "The owner of {count:,} socket is hidden from this account.",
                    "The owners of {count:,} sockets are hidden from this account.",
                    count,
                ).format(count=count)
            )
        self.setVisible(bool(count))

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._is_composed:
            self._colour()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        accent = palette.color(QPalette.ColorRole.Highlight)
        base = palette.color(QPalette.ColorRole.Window)
        is_strong = is_high_contrast(palette)
        line = palette.color(QPalette.ColorRole.WindowText)
        painter.setPen(QPen(line if is_strong else blended(base, accent, 0.35), 1))
        painter.setBrush(QColor(base) if is_strong else blended(base, accent, _TINT))
        place = self.rect().adjusted(SPACE_S, 0, -SPACE_S, -SPACE_XS).toRectF()
        painter.drawRoundedRect(
            place.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_CONTROL, RADIUS_CONTROL
        )

    def _compose(self) -> None:
        if self._is_composed:
            return
        self._is_composed = True
        self._sign = QLabel()
        self._label = ElidedLabel()
        self.button = KeyButton(_("Show as administrator"))
        self.button.setToolTip(_("Shows the owners that only an administrator can see"))
        self.button.clicked.connect(self.administrator_wanted)
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setToolTip(_("Close; the File menu still has this command"))
        self._close.setAccessibleName(_("Close this message"))
        self._close.clicked.connect(self._on_close)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_S + SPACE_M, SPACE_XS, SPACE_M, SPACE_S)
        row.setSpacing(SPACE_S)
        row.addWidget(self._sign)
        row.addWidget(self._label, 1)
        row.addWidget(self.button)
        row.addWidget(self._close)
        self._colour()

    def _colour(self) -> None:
        shield = icon("shield", self.palette())
        self._sign.setPixmap(shield.pixmap(ICON_SMALL, ICON_SMALL))
        self.button.setIcon(shield)
        set_button_icon(self._close, "close", self.palette())

    @Slot()
    def _on_close(self) -> None:
        self._is_unwanted = True
        self.show_problems({})
