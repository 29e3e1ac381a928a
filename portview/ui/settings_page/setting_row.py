"""A line of the settings: title, explanation, the control, and the way back to the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from portview.i18n import _
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.style.icons import set_button_icon
from portview.ui.style.tokens import SPACE_L, SPACE_S, SPACE_XS
from portview.ui.widgets.plain_label import PlainLabel
from portview.ui.widgets.wrapped_label import mute

if TYPE_CHECKING:
    from PySide6.QtGui import QWheelEvent

    from portview.ui.settings_page.setting import Setting, SettingAct, SettingText


class SettingRow(QWidget):
    """What all lines share: a title and an explanation beside a place for controls."""

    def __init__(self, text: SettingText, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = text
        self.title = PlainLabel(text.title)
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        # A path in it may be longer than the window is wide.
        self.explanation = PlainLabel()
        self.controls = QHBoxLayout()
        self.controls.setSpacing(SPACE_XS)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, SPACE_S, 0, SPACE_S)
        layout.setHorizontalSpacing(SPACE_L)
        layout.setVerticalSpacing(2)
        layout.setColumnStretch(0, 1)
        layout.addWidget(self.title, 0, 0)
        layout.addWidget(self.explanation, 1, 0)
        layout.addLayout(self.controls, 0, 1, 2, 1, Qt.AlignmentFlag.AlignVCenter)
        self.set_note("")
        mute(self.explanation)

    def set_note(self, note: str) -> None:
        """Say something after the explanation, such as why nothing can be changed."""
        about = self.text.explanation
        self.explanation.setText(f"{about}\n{note}" if note else about)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "explanation"):
            mute(self.explanation)


class ValueRow(SettingRow):
    """A setting with its switch or its choice."""

    def __init__(self, setting: Setting, parent: QWidget | None = None) -> None:
        super().__init__(setting.text, parent)
        self.setting = setting
        self.control: QCheckBox | QComboBox = self._choice() if setting.choices else self._switch()
        self.control.setAccessibleName(setting.text.title)
        self.control.setAccessibleDescription(setting.text.explanation)
        self.title.setBuddy(self.control)
        self.reset_button = QToolButton()
        self.reset_button.setAutoRaise(True)
        self.reset_button.setAccessibleName(
            _("Reset to default: {setting}").format(setting=setting.text.title)
        )
        self.reset_button.setToolTip(_("Reset to default"))
        self.reset_button.clicked.connect(self.reset)
        policy = self.reset_button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset_button.setSizePolicy(policy)
        set_button_icon(self.reset_button, "undo")
        self.controls.addWidget(self.reset_button)
        self.controls.addWidget(self.control)
        setting.changed.connect(self._show_value)
        self._show_value()

    @Slot()
    def reset(self) -> None:
        """Use the default again."""
        if not self.setting.reason:
            self.setting.change(self.setting.default)
        self.control.setFocus()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "reset_button"):
            set_button_icon(self.reset_button, "undo", self.palette())

    def _switch(self) -> QCheckBox:
        box = QCheckBox()
        box.toggled.connect(self._on_chosen)
        return box

    def _choice(self) -> QComboBox:
        box = CalmComboBox()
        for value, title in self.setting.choices:
            box.addItem(title, value)
        box.activated.connect(lambda place: self._on_chosen(box.itemData(place)))
        return box

    def _on_chosen(self, value: object) -> None:
        if value != self.setting.value:
            self.setting.change(value)
        self._show_value()  # also where the change was refused

    @Slot()
    def _show_value(self) -> None:
        value, reason = self.setting.value, self.setting.reason
        self.control.blockSignals(True)  # noqa: FBT003 - Qt's form
        if isinstance(self.control, QCheckBox):
            self.control.setChecked(bool(value))
            self.control.setText(_("On") if value else _("Off"))
        else:
            place = self.control.findData(value)
            self.control.setCurrentIndex(place)
        self.control.blockSignals(False)  # noqa: FBT003 - likewise
        self.control.setEnabled(not reason)
        self.control.setToolTip(plain_tooltip(reason))
        self.set_note(reason)
        self.reset_button.setVisible(value != self.setting.default and not reason)


class ActRow(SettingRow):
    """Something to do, with a button."""

    def __init__(self, act: SettingAct, parent: QWidget | None = None) -> None:
        super().__init__(act.text, parent)
        self.button = QPushButton(act.button)
        self.button.setAutoDefault(False)
        self.button.setAccessibleDescription(act.text.explanation)
        self.button.clicked.connect(lambda _checked=False: act.run())
        self.controls.addWidget(self.button)
        self.set_note(act.note)


class CalmComboBox(QComboBox):
    """A choice that the wheel leaves alone while it only passes over."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
