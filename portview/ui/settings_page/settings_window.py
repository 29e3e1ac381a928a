"""The window of settings: sections at the left, lines at the right, a search above both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtGui import QFont, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from portview.i18n import _
from portview.override import override
from portview.ui.settings_page.setting import SECTION_TITLES, Section, Setting, SettingAct
from portview.ui.settings_page.setting_row import ActRow, SettingRow, ValueRow
from portview.ui.style.tokens import SPACE_L, SPACE_M, SPACE_S, SPACE_XS, TYPE_SUBTITLE
from portview.ui.widgets.tool_window import ToolWindow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject

    from portview.settings import Settings

_SIZE = (820, 620)
_LEAST_WIDTH = 560


class SettingsWindow(ToolWindow):
    """Shows all settings; a change is in force at once and remembered."""

    def __init__(
        self, lines: Sequence[Setting | SettingAct], settings: Settings, parent: QWidget
    ) -> None:
        super().__init__("settings", _("Settings"), _SIZE, settings, parent)
        self.setMinimumWidth(_LEAST_WIDTH)
        self.rows: list[SettingRow] = []
        self._titles: dict[Section, QLabel] = {}
        self._rows_of: dict[Section, list[SettingRow]] = {}
        self.search = QLineEdit()
        self.search.setPlaceholderText(_("Search the settings"))
        self.search.setAccessibleName(_("Search the settings"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._on_search)
        self.search.installEventFilter(self)
        self.sections = QListWidget()
        self.sections.setAccessibleName(_("Sections"))
        self.sections.setFrameShape(QFrame.Shape.NoFrame)
        self.sections.viewport().setAutoFillBackground(False)
        self.sections.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.nothing = QLabel(_("No setting has these words."))
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.area = QScrollArea()
        self.area.setAccessibleName(_("Settings"))
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self._page(lines))
        self._compose()
        self.starts_at = self.search
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self._find)
        self.sections.currentRowChanged.connect(self._on_section)
        self._on_search("")

    def row(self, title: str) -> SettingRow:
        """Return the line of this title. Raises LookupError."""
        for row in self.rows:
            if row.text.title == title:
                return row
        raise LookupError(title)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Enter and Down lead from the search to the first line that was found.
        if watched is self.search and isinstance(event, QKeyEvent):
            if event.type() != QEvent.Type.KeyPress:
                return False
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
            if event.key() in {Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self._enter_first()
                return True
        return super().eventFilter(watched, event)

    def _page(self, lines: Sequence[Setting | SettingAct]) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(SPACE_L, 0, SPACE_L, SPACE_M)
        layout.setSpacing(0)
        for section in Section:
            found = [line for line in lines if line.text.section is section]
            if not found:
                continue
            title = QLabel(_(SECTION_TITLES[section]))
            font = QFont(title.font())
            font.setPointSizeF(font.pointSizeF() * TYPE_SUBTITLE)
            font.setWeight(QFont.Weight.DemiBold)
            title.setFont(font)
            title.setContentsMargins(0, SPACE_M, 0, SPACE_S)
            layout.addWidget(title)
            self._titles[section] = title
            self._rows_of[section] = []
            for line in found:
                row = ValueRow(line) if isinstance(line, Setting) else ActRow(line)
                layout.addWidget(row)
                self.rows.append(row)
                self._rows_of[section].append(row)
        layout.addWidget(self.nothing)
        layout.addStretch(1)
        return page

    def _compose(self) -> None:
        for section in self._titles:
            item = QListWidgetItem(_(SECTION_TITLES[section]), self.sections)
            item.setData(Qt.ItemDataRole.UserRole, section)
            item.setSizeHint(QSize(0, self.fontMetrics().height() + 2 * SPACE_XS))
        titles = [_(SECTION_TITLES[section]) for section in self._titles]
        widest = max(self.fontMetrics().horizontalAdvance(title) for title in titles)
        self.sections.setFixedWidth(widest + 2 * SPACE_L)
        middle = QHBoxLayout()
        middle.setSpacing(SPACE_M)
        middle.addWidget(self.sections)
        middle.addWidget(self.area, 1)
        reset = self.button(_("&Reset all…"), self._on_reset_all, _("Every setting to its default"))
        close = self.button(_("Close"), self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(reset)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addLayout(middle, 1)
        layout.addLayout(buttons)

    @Slot(str)
    def _on_search(self, text: str) -> None:
        words = text.casefold().split()
        found = 0
        for number, (section, rows) in enumerate(self._rows_of.items()):
            shown = 0
            for row in rows:
                is_found = row.text.has(words)
                row.setVisible(is_found)
                shown += is_found
            self._titles[section].setVisible(bool(shown))
            self.sections.item(number).setHidden(not shown)
            found += shown
        self.nothing.setVisible(not found)
        self.search.setAccessibleDescription(self.nothing.text() if not found else "")

    @Slot(int)
    def _on_section(self, number: int) -> None:
        item = self.sections.item(number)
        if item is None:
            return
        title = self._titles[Section(item.data(Qt.ItemDataRole.UserRole))]
        self.area.verticalScrollBar().setValue(title.y())

    def _find(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _enter_first(self) -> None:
        for row in self.rows:
            control = row.control if isinstance(row, ValueRow) else getattr(row, "button", None)
            if not row.isHidden() and control is not None and control.isEnabled():
                control.setFocus(Qt.FocusReason.TabFocusReason)
                self.area.ensureWidgetVisible(row)
                return

    def _on_reset_all(self) -> None:
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(_("Reset every setting to its default?"))
        box.setInformativeText(_("Columns, saved views, watches and the history stay."))
        reset = box.addButton(_("Reset"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        reset.clicked.connect(self.reset_all)
        box.open()

    @Slot()
    def reset_all(self) -> None:
        """Use every default again."""
        for row in self.rows:
            if isinstance(row, ValueRow) and row.setting.value != row.setting.default:
                row.reset()
        self.search.setFocus()
