"""The bar that says which machine a window shows, and whether what it shows is how it is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from portview.i18n import _
from portview.ui.style.icons import icon
from portview.ui.style.tokens import ICON_MEDIUM, SPACE_L, SPACE_M, SPACE_S, TYPE_SUBTITLE
from portview.ui.widgets.elided_label import ElidedLabel


class MachineBar(QFrame):
    """Always there, in the colour of selections, so that nobody takes one machine for another."""

    connect_wanted = Signal()

    def __init__(self, host: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Machine"))
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Highlight)
        self.setForegroundRole(QPalette.ColorRole.HighlightedText)
        self._sign = QLabel()
        self.name = ElidedLabel(host)
        self.name.setForegroundRole(QPalette.ColorRole.HighlightedText)
        font = self.name.font()
        font.setPointSizeF(font.pointSizeF() * TYPE_SUBTITLE)
        font.setBold(True)
        self.name.setFont(font)
        self.name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.state = ElidedLabel()
        self.state.setForegroundRole(QPalette.ColorRole.HighlightedText)
        self.button = QPushButton(_("&Connect again"))
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self.connect_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_L, SPACE_S, SPACE_M, SPACE_S)
        row.setSpacing(SPACE_S)
        row.addWidget(self._sign)
        row.addWidget(self.name)
        row.addWidget(self.state, 1)
        row.addWidget(self.button)
        self.show_connecting()

    def show_connecting(self) -> None:
        """Say that nothing is known yet."""
        self._show("near", _("Connecting over ssh…"))

    def show_live(self) -> None:
        """Say that the table is how it is."""
        self._show("live", _("Another machine, live over ssh, read-only"))

    def show_unknown(self, reason: str, since: str) -> None:
        """Say that the machine is unknown now, and how old what is still shown is."""
        if since:
            text = _("Unknown since {time}: {reason}").format(time=since, reason=reason)
        else:
            text = _("Unknown: {reason}").format(reason=reason)
        self._show("unknown", text, is_over=True)

    def _show(self, sign: str, text: str, *, is_over: bool = False) -> None:
        picture = icon(sign, self._sign_palette())
        self._sign.setPixmap(picture.pixmap(ICON_MEDIUM, ICON_MEDIUM))
        self.state.setText(text)
        self.button.setVisible(is_over)

    def _sign_palette(self) -> QPalette:
        """Return a palette in which icons have the colour of the text beside them."""
        palette = QPalette(self.palette())
        text = palette.color(QPalette.ColorRole.HighlightedText)
        for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
            palette.setColor(role, text)
        return palette
