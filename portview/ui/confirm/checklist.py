"""The steps of an action that is under way, as a list that is ticked off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTime, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from portview.actions.progress import Stage
from portview.domain.severity import Severity
from portview.i18n import _
from portview.override import override
from portview.ui.confirm.confirmation_view import plain_label
from portview.ui.style.icons import icon
from portview.ui.style.severity_style import severity_icon
from portview.ui.style.tokens import ICON_SMALL, SPACE_S

if TYPE_CHECKING:
    from portview.actions.progress import ActionStep
    from portview.ui.widgets.plain_label import PlainLabel

_WITH_TIME = frozenset({Stage.ASKED, Stage.ENDING})


class Checklist(QWidget):
    """Shows each step as it comes; the last one is under way until ``finish``.

    ``end_now_requested`` asks not to wait any longer.
    """

    end_now_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_S)
        self._grid.setColumnStretch(1, 1)
        self._lines: dict[Stage, tuple[QLabel, PlainLabel]] = {}
        self._current: Stage | None = None
        self.end_button = QPushButton(_("End &now"))
        self.end_button.setAutoDefault(True)
        self.end_button.setToolTip(_("Ends it at once; what it has not saved is lost"))
        self.end_button.clicked.connect(self._on_end_now)
        self.end_button.hide()
        self.setAccessibleName(_("Steps"))

    @property
    def lines(self) -> list[str]:
        """Return what the steps say, from the first on."""
        return [label.text() for _sign, label in self._lines.values()]

    def clear(self) -> None:
        """Forget the steps of an earlier attempt."""
        for sign, label in self._lines.values():
            sign.deleteLater()
            label.deleteLater()
        self._lines.clear()
        self._current = None
        self.end_button.hide()

    def show_step(self, step: ActionStep) -> None:
        """Tick off what was under way where this is another step, and show this one."""
        stage, text = step.stage, step.sentence
        if stage is not self._current:
            self._tick()
        if stage in _WITH_TIME:
            text = f"{text}  {QTime.currentTime().toString('HH:mm:ss')}"
        if stage not in self._lines:
            row = len(self._lines)
            sign, label = QLabel(), plain_label(text)
            self._grid.addWidget(sign, row, 0)
            self._grid.addWidget(label, row, 1)
            # At once, so that whoever asks for the height in this turn gets that of all lines.
            sign.show()
            label.show()
            self._lines[stage] = (sign, label)
            if stage is Stage.WAITING:
                self._grid.addWidget(self.end_button, row, 2)
        elif stage is Stage.WAITING:
            self._lines[stage][1].setText(text)
        self._current = stage
        self._draw()
        self.end_button.setVisible(stage is Stage.WAITING)

    def finish(self) -> None:
        """Tick off the last step."""
        self._tick()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _tick(self) -> None:
        if self._current is Stage.WAITING:
            self._lines[Stage.WAITING][1].setText(_("Waited for it"))
        self._current = None
        self.end_button.hide()
        self._draw()

    def _draw(self) -> None:
        for stage, (sign, label) in self._lines.items():
            is_done = stage is not self._current
            picture = (
                severity_icon(Severity.GOOD, self) if is_done else icon("refresh", self.palette())
            )
            sign.setPixmap(picture.pixmap(ICON_SMALL, ICON_SMALL))
            state = _("done") if is_done else _("under way")
            sign.setAccessibleName(state)
            label.setAccessibleDescription(state)

    def _on_end_now(self) -> None:
        self.end_button.setEnabled(False)
        self.end_now_requested.emit()
