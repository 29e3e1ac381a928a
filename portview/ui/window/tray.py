"""PortView without its window: an icon in the tray, closing to it, starting at log-in.

All of it is off until a person asks for it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from portview.domain.errors import PortViewError
from portview.i18n import N_, _, join_sentences
from portview.ui.commands.window_actions import ActionSpec
from portview.ui.style.icons import application_icon

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow, QMessageBox

    from portview.autostart import Autostart
    from portview.settings import Settings
    from portview.ui.commands.window_actions import WindowActions

BACKGROUND_ACTIONS = ("tray", "close_to_tray", "autostart")
"""The names of the actions, in the order of the menu."""

QUIT_KEYS = () if sys.platform == "win32" else ("Ctrl+Q",)
"""Windows has no key for leaving a program but Alt+F4."""

_LONGEST_MESSAGE = 250
_NO_TRAY = N_("This desktop has no notification area")
_NO_AUTOSTART = N_("PortView does not know how programs start at sign-in here")


def quit_title() -> str:
    """Return how the system calls the end of a program."""
    return _("E&xit") if sys.platform == "win32" else _("&Quit")


class Tray(QObject):
    """Keeps the icon, decides what closing the window means, and ends the program. UI thread."""

    ended = Signal()
    """PortView was asked to end, and the window is closed."""
    show_requested = Signal()
    """The person wants to see the window."""
    message_clicked = Signal()
    """The person clicked a message of the tray."""
    notified = Signal(str)
    """A message for the status bar."""

    def __init__(
        self,
        window: QMainWindow,
        acts: WindowActions,
        settings: Settings,
        autostart: Autostart | None,
        *,
        has_tray: bool | None = None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._acts = acts
        self._settings = settings
        self._autostart = autostart
        self._is_quitting = False
        self._watched = ("", "")
        self._question: QMessageBox | None = None
        self._icon: QSystemTrayIcon | None = None
        self._menu: QMenu | None = None
        self._add_actions()
        # A session that ends must not be held up by an icon.
        application = QCoreApplication.instance()
        if isinstance(application, QGuiApplication):
            application.commitDataRequest.connect(self._on_session_end)
        self._restore(
            has_tray=QSystemTrayIcon.isSystemTrayAvailable() if has_tray is None else has_tray
        )

    @property
    def icon(self) -> QSystemTrayIcon:
        """Return the icon, which is made with its menu when it is first wanted."""
        if self._icon is None:
            self._icon = QSystemTrayIcon(application_icon(), self)
            self._show_watched(self._icon)
            self._icon.activated.connect(self._on_activated)
            self._icon.messageClicked.connect(self.message_clicked)
            self._menu = self._make_menu()
            self._icon.setContextMenu(self._menu)
        return self._icon

    @property
    def is_in_tray(self) -> bool:
        """Return whether the icon is shown."""
        return self._icon is not None and self._icon.isVisible()

    def may_close(self) -> bool:
        """Return whether closing the window ends PortView; if not, see to what happens instead."""
        if self._is_quitting or not self.is_in_tray:
            return True
        to_tray = self._settings.preferences.close_to_tray
        if to_tray is None:
            self._ask()
            return False
        if to_tray:
            self._window.hide()
            return False
        self._let_go()
        return True

    @Slot()
    def quit(self) -> None:
        """End PortView, whatever closing the window means."""
        self._let_go()
        self._window.close()
        # A window that is hidden in the tray ends nothing by being closed.
        self.ended.emit()

    @Slot(str, str)
    def show_watches(self, state: str, sentence: str) -> None:
        """Show the worst state of what is watched: by the icon, and by words in its tip."""
        self._watched = (state, sentence)
        if self._icon is not None:
            self._show_watched(self._icon)

    def notify(self, title: str, text: str, kind: str) -> None:
        """Show a message of the desktop, where there is an icon to show it at.

        ``kind`` is failure, success, warning or info.
        """
        if not self.is_in_tray or not self._settings.preferences.notifications:
            return
        pictures = QSystemTrayIcon.MessageIcon
        picture = {"failure": pictures.Critical, "warning": pictures.Warning}.get(
            kind, pictures.Information
        )
        self.icon.showMessage(title, text[:_LONGEST_MESSAGE], picture)

    def _show_watched(self, icon: QSystemTrayIcon) -> None:
        state, sentence = self._watched
        icon.setToolTip(
            _("PortView: {sentence}").format(sentence=sentence) if sentence else "PortView"
        )
        from portview.ui.window.tray_badge import badged_icon  # noqa: PLC0415 - when wanted

        icon.setIcon(badged_icon(application_icon(), state))

    def open(self) -> None:
        """Open the window out of sight: in the tray if its icon is there, else minimised."""
        if not self.is_in_tray:
            self._window.showMinimized()

    def _add_actions(self) -> None:
        add = self._acts.add
        add(
            "tray",
            ActionSpec(_("&Icon in the notification area"), is_checkable=True),
            self._on_tray,
        )
        text = _("Close to &notification area")
        add("close_to_tray", ActionSpec(text, is_checkable=True), self._on_close_to_tray)
        add(
            "autostart",
            ActionSpec(_("Start when I &sign in"), is_checkable=True),
            self._on_autostart,
        )

    def _make_menu(self) -> QMenu:
        menu = QMenu()
        menu.addAction(_("&Show PortView")).triggered.connect(self.show_requested)
        menu.addAction(self._acts["pause"])
        menu.addSeparator()
        menu.addAction(quit_title(), self.quit)
        return menu

    def _restore(self, *, has_tray: bool) -> None:
        tray, to_tray, autostart = (self._acts[name] for name in BACKGROUND_ACTIONS)
        to_tray.setChecked(bool(self._settings.preferences.close_to_tray))
        tray.setEnabled(has_tray)
        if has_tray:
            tray.setChecked(self._settings.preferences.tray)
        else:
            tray.setToolTip(_(_NO_TRAY))
            tray.setStatusTip(_(_NO_TRAY))
        to_tray.setEnabled(self.is_in_tray)
        autostart.setEnabled(self._autostart is not None)
        if self._autostart is None:
            autostart.setToolTip(_(_NO_AUTOSTART))
            autostart.setStatusTip(_(_NO_AUTOSTART))
        else:
            autostart.setChecked(self._autostart.is_on())

    @Slot(bool)
    def _on_tray(self, is_on: bool) -> None:  # noqa: FBT001 - a slot
        self._settings.update(tray=is_on)
        self.icon.setVisible(is_on)
        self._acts["close_to_tray"].setEnabled(is_on)
        # With the icon, PortView keeps running while no window is open.
        QApplication.setQuitOnLastWindowClosed(not is_on)

    @Slot(bool)
    def _on_close_to_tray(self, is_on: bool) -> None:  # noqa: FBT001 - a slot
        self._settings.update(close_to_tray=is_on)

    @Slot(bool)
    def _on_autostart(self, is_on: bool) -> None:  # noqa: FBT001 - a slot
        if self._autostart is None or self._autostart.is_on() == is_on:
            return
        try:
            self._autostart.set_on(is_on)
        except PortViewError as error:
            self.notified.emit(join_sentences(error.message, error.hint))
        self._acts["autostart"].setChecked(self._autostart.is_on())

    @Slot(QSystemTrayIcon.ActivationReason)
    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is not QSystemTrayIcon.ActivationReason.Context:
            self.show_requested.emit()

    @Slot()
    def _on_session_end(self) -> None:
        self._is_quitting = True

    def _let_go(self) -> None:
        self._is_quitting = True
        if self._icon is not None:
            self._icon.hide()
        QApplication.setQuitOnLastWindowClosed(True)

    def _ask(self) -> None:
        if self._question is not None:
            return
        from PySide6.QtWidgets import QMessageBox  # noqa: PLC0415 - loaded when wanted

        question = QMessageBox(self._window)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.setWindowTitle("PortView")
        question.setText(_("Keep PortView running in the notification area?"))
        question.setInformativeText(_("The File menu changes this later."))
        keep = question.addButton(_("&Keep running"), QMessageBox.ButtonRole.AcceptRole)
        end = question.addButton(quit_title(), QMessageBox.ButtonRole.DestructiveRole)
        question.addButton(QMessageBox.StandardButton.Cancel)
        question.setDefaultButton(keep)
        self._question = question

        def finished() -> None:
            chosen, self._question = question.clickedButton(), None
            if chosen is keep:
                self._acts["close_to_tray"].setChecked(True)
                self._window.hide()
            elif chosen is end:
                self._settings.update(close_to_tray=False)
                self.quit()

        question.finished.connect(finished)
        question.open()
