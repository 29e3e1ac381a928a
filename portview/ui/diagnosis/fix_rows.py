"""The ways out that an answer offers, each with its harm, its command and its button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QVBoxLayout, QWidget

from portview.diagnosis.remedies import RemediationKind
from portview.diagnosis.report import shown_command
from portview.domain.plain_text import inert
from portview.i18n import _
from portview.override import override
from portview.ui.style.theme import monospace_font
from portview.ui.widgets.wrapped_area import WrappedArea
from portview.ui.widgets.wrapped_label import mute, wrapped_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QLabel

    from portview.diagnosis.finding import Fix

_LONGEST = 600


class FixRow(QFrame):
    """One way out. ``wanted`` asks for it to be done, ``copied`` has its command."""

    wanted = Signal(object)
    copied = Signal(str)

    def __init__(self, fix: Fix, *, is_first: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fix = fix
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName(inert(fix.sentence, _LONGEST))
        layout = QGridLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setHorizontalSpacing(12)
        layout.setVerticalSpacing(2)
        layout.setColumnStretch(0, 1)
        self._muted: list[QLabel] = []
        self._line(layout, fix.sentence, _("Solution"))
        for words in self._details():
            self._muted.append(self._line(layout, words, _("About it")))
        if fix.command is not None:
            command = self._line(layout, shown_command(fix.command), _("Command"))
            command.setFont(monospace_font(self.font()))
            self._muted.append(command)
        buttons = QVBoxLayout()
        buttons.setSpacing(4)
        self.button = self._button(is_default=is_first)
        if self.button is not None:
            buttons.addWidget(self.button)
        if fix.command is not None:
            copying = QPushButton(_("Copy command"))
            copying.setAutoDefault(False)
            copying.clicked.connect(self._on_copying)
            buttons.addWidget(copying)
        buttons.addStretch(1)
        # What the buttons need beyond the text goes below it.
        layout.setRowStretch(layout.rowCount(), 1)
        layout.addLayout(buttons, 0, 1, layout.rowCount() + 1, 1)
        self._mute()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_muted"):
            self._mute()

    def _details(self) -> list[str]:
        fix = self.fix
        reported = []
        if fix.harm_words:
            reported.append(_("Harm: {harm}").format(harm=fix.harm_words))
        if fix.needs_admin:
            reported.append(_("Needs administrator rights."))
        if fix.undo:
            reported.append(_("Undo: {undo}").format(undo=fix.undo))
        return reported

    def _line(self, layout: QGridLayout, text: str, name: str) -> QLabel:
        label = wrapped_label(name)
        label.setText(inert(text, _LONGEST))
        layout.addWidget(label, layout.rowCount(), 0)
        return label

    def _button(self, *, is_default: bool) -> QPushButton | None:
        act = self.fix.remediation
        if act is None:
            return None
        title = {
            RemediationKind.FREE_PORT: _("Free port…"),
            RemediationKind.END_PROCESS: _("End process…"),
            RemediationKind.STOP_SERVICE: _("Stop service…"),
            RemediationKind.RESUME_PROCESS: _("Resume…"),
            RemediationKind.CLOSE_CONNECTION: _("Close connection…"),
            RemediationKind.ALLOW_IN_FIREWALL: _("Allow…"),
            RemediationKind.CHANGE_SETTING: _("Change…"),
            RemediationKind.PICK_PORT: _("Copy {port}").format(port=act.port),
        }[act.kind]
        button = QPushButton(title)
        # Only what harms nobody may be under Enter.
        button.setAutoDefault(False)
        button.setDefault(is_default and act.kind is RemediationKind.PICK_PORT)
        button.clicked.connect(self._on_clicked)
        return button

    def _mute(self) -> None:
        for label in self._muted:
            mute(label)

    def _on_clicked(self) -> None:
        self.wanted.emit(self.fix)

    def _on_copying(self) -> None:
        if self.fix.command is not None:
            self.copied.emit(shown_command(self.fix.command))


class FixList(QWidget):
    """All ways out of an answer, the gentlest first, with the signals of their rows."""

    wanted = Signal(object)
    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[FixRow] = []
        self._area: WrappedArea | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def show_fixes(self, fixes: Sequence[Fix]) -> None:
        """Show these in place of the ones before."""
        if self._area is not None:
            self._layout.removeWidget(self._area)
            self._area.deleteLater()
        self.rows = [FixRow(fix, is_first=number == 0) for number, fix in enumerate(fixes)]
        for row in self.rows:
            row.wanted.connect(self.wanted)
            row.copied.connect(self.copied)
        widgets: list[QWidget] = list(self.rows)
        if not widgets:
            nothing = wrapped_label(_("Solutions"))
            nothing.setText(_("There is nothing to do."))
            nothing.setContentsMargins(12, 12, 12, 12)
            widgets.append(nothing)
        self._area = WrappedArea(*widgets, spacing=6)
        self._layout.addWidget(self._area)
