"""The menu of saved views, and the dialogs that name, rename and delete them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
)

from portview.domain.plain_text import inert
from portview.domain.table.saved_view import (
    BUILT_IN_VIEWS,
    MAX_NAME,
    SavedView,
    is_good_name,
    read_views,
    view_object,
    with_view,
)
from portview.i18n import _
from portview.models.tooltips import plain_tooltip

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from portview.settings import Settings

_RESERVED = frozenset(view.name.casefold() for view in BUILT_IN_VIEWS)


class SavedViews(QMenu):
    """Lists the built-in views and the person's own, and keeps the latter in the settings."""

    view_chosen = Signal(object)

    def __init__(
        self,
        settings: Settings,
        current: Callable[[], SavedView],
        acts: Collection[QAction],
        parent: QWidget,
    ) -> None:
        """Store ``current`` for what is shown now; ``acts`` stand below the views."""
        super().__init__(_("Saved &views"), parent)
        self._settings = settings
        self._current = current
        self._acts = tuple(acts)
        self._built_in: list[QAction] = []
        self.setToolTipsVisible(True)
        self._fill()

    def add_built_in(self, action: QAction) -> None:
        """Add a view that finds out what it shows when it is chosen."""
        self._built_in.append(action)
        self._fill()

    @property
    def own(self) -> tuple[SavedView, ...]:
        """Return the views that the person saved."""
        return read_views(self._settings.preferences.views)

    @Slot()
    def save_current(self) -> None:
        """Ask for a name and keep what is shown under it."""
        dialog = NameDialog([view.name for view in self.own], self.parentWidget())
        dialog.accepted.connect(lambda: self._save(dialog.name))
        dialog.open()

    @Slot()
    def edit(self) -> None:
        """Offer to rename and delete the person's own views."""
        dialog = EditViewsDialog(self.own, self.parentWidget())
        dialog.accepted.connect(lambda: self._keep(dialog.views()))
        dialog.open()

    def _save(self, name: str) -> None:
        self._keep(with_view(self.own, replace(self._current(), name=name)))

    def _keep(self, views: tuple[SavedView, ...]) -> None:
        self._settings.update(views=[view_object(view) for view in views])
        self._settings.save()
        self._fill()

    def _fill(self) -> None:
        self.clear()
        own = self.own
        for view in BUILT_IN_VIEWS:
            self._add(replace(view, name=_(view.name)))
        self.addActions(self._built_in)
        if own:
            self.addSeparator()
        for view in own:
            self._add(view)
        self.addSeparator()
        self.addActions(self._acts)

    def _add(self, view: SavedView) -> None:
        action = self.addAction(inert(view.name, MAX_NAME).replace("&", "&&"))
        action.setToolTip(plain_tooltip(view.query or _("No filter")))
        action.triggered.connect(lambda: self.view_chosen.emit(view))


class NameDialog(QDialog):
    """Asks for the name of a view; says in advance where it would replace one."""

    def __init__(self, taken: Collection[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Save view"))
        self._taken = {name.casefold() for name in taken}
        self.box = QLineEdit()
        self.box.setMaxLength(MAX_NAME)
        self.box.setAccessibleName(_("Name of the view"))
        self.box.setMinimumWidth(320)
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        label = QLabel(_("&Name: filter, scope, columns and order are kept under it."))
        label.setBuddy(self.box)
        layout = QVBoxLayout(self)
        for item in (label, self.box, self.note, self._buttons):
            layout.addWidget(item)
        self.box.textChanged.connect(self._on_text_changed)
        self._on_text_changed("")

    @property
    def name(self) -> str:
        """Return the name without spaces around it."""
        return self.box.text().strip()

    @Slot(str)
    def _on_text_changed(self, _text: str) -> None:
        name = self.name.casefold()
        save = self._buttons.button(QDialogButtonBox.StandardButton.Save)
        save.setEnabled(is_good_name(self.name) and name not in _RESERVED)
        save.setText(_("Replace") if name in self._taken else _("Save"))
        if name in _RESERVED:
            self.note.setText(_("A view that comes with PortView has this name."))
        elif name in self._taken:
            self.note.setText(_("This replaces the view of that name."))
        else:
            self.note.setText("")


class EditViewsDialog(QDialog):
    """Renames in place and deletes; nothing is done before Save, so Cancel brings all back."""

    def __init__(self, views: tuple[SavedView, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Edit saved views"))
        self.resize(420, 320)
        self.list = QListWidget()
        self.list.setAccessibleName(_("Saved views"))
        for view in views:
            item = QListWidgetItem(view.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setData(Qt.ItemDataRole.UserRole, view)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        self._rename = QPushButton(_("&Rename"))
        self._rename.clicked.connect(lambda: self.list.editItem(self.list.currentItem()))
        self.delete = QPushButton(_("&Delete"))
        self.delete.clicked.connect(self._on_delete)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        side = QHBoxLayout()
        side.addWidget(self._rename)
        side.addWidget(self.delete)
        side.addStretch()
        layout = QVBoxLayout(self)
        layout.addWidget(self.list, 1)
        layout.addLayout(side)
        layout.addWidget(self.note)
        layout.addWidget(self.buttons)
        self.list.itemChanged.connect(self._check)
        self._check()

    def views(self) -> tuple[SavedView, ...]:
        """Return the views as they were edited."""
        items = [self.list.item(number) for number in range(self.list.count())]
        return tuple(
            replace(item.data(Qt.ItemDataRole.UserRole), name=item.text().strip()) for item in items
        )

    @Slot()
    def _on_delete(self) -> None:
        self.list.takeItem(self.list.currentRow())
        self._check()

    @Slot()
    def _check(self) -> None:
        names = [view.name for view in self.views()]
        folded = [name.casefold() for name in names]
        if not all(map(is_good_name, names)):
            mistake = _("A view needs a name of at most {max_name} characters.").format(
                max_name=MAX_NAME
            )
        elif len(set(folded)) < len(folded):
            mistake = _("Two views have the same name.")
        elif not _RESERVED.isdisjoint(folded):
            mistake = _("A view that comes with PortView has this name.")
        else:
            mistake = ""
        self.note.setText(mistake or ("" if names else _("There are no saved views.")))
        self.buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(not mistake)
        self._rename.setEnabled(bool(names))
        self.delete.setEnabled(bool(names))
