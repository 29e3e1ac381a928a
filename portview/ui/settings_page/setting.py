"""One setting as a person sees it: what it is called, what it does, its value and its default."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from portview.i18n import N_, _
from portview.preferences import DEFAULTS
from portview.ui.widgets.plain_title import plain_title

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QAction

    from portview.settings import Settings


class Section(StrEnum):
    """The parts of the settings, in their order."""

    APPEARANCE = "appearance"
    TABLE = "table"
    BACKGROUND = "background"
    WATCHES = "watches"
    HISTORY = "history"
    LOG = "log"
    KEYBOARD = "keyboard"
    NEWS = "news"


SECTION_TITLES = {
    Section.APPEARANCE: N_("Appearance"),
    Section.TABLE: N_("Table"),
    Section.BACKGROUND: N_("Tray and notifications"),
    Section.WATCHES: N_("Watches"),
    Section.HISTORY: N_("History"),
    Section.LOG: N_("Log"),
    Section.KEYBOARD: N_("Keyboard"),
    Section.NEWS: N_("Hints and updates"),
}


class SettingText(NamedTuple):
    """Where a setting stands and what it says about itself, translated.

    ``words`` are others by which people look for it.
    """

    section: Section
    title: str
    explanation: str
    words: str = ""

    def has(self, words: Sequence[str]) -> bool:
        """Return whether each of some words, in lower case, is in this text."""
        section = _(SECTION_TITLES[self.section])
        text = f"{section} {self.title} {self.explanation} {self.words}".casefold()
        return all(word in text for word in words)


class Setting(QObject):
    """A value that a person can change; ``changed`` says that it is another one now.

    A setting without ``choices`` is a switch. What can't be changed here says why in ``reason``.
    """

    changed = Signal()

    def __init__(
        self,
        text: SettingText,
        default: object,
        choices: Sequence[tuple[Any, str]] = (),
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.text = text
        self.default = default
        self.choices = tuple(choices)

    @property
    def value(self) -> Any:
        """Return the value that is in force."""
        raise NotImplementedError

    @property
    def reason(self) -> str:
        """Return why this can't be changed now; empty where it can."""
        return ""

    def change(self, value: Any) -> None:
        """Use another value from now on and remember it."""
        raise NotImplementedError


class StoredSetting(Setting):
    """A preference of the settings file; whoever depends on it listens to the file."""

    def __init__(
        self,
        text: SettingText,
        settings: Settings,
        name: str,
        choices: Sequence[tuple[Any, str]] = (),
        *,
        reason: Callable[[], str] = str,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(text, getattr(DEFAULTS, name), choices, parent)
        self._settings = settings
        self._name = name
        self._reason = reason
        # Both end with the program; a settings object that outlived this would call a dead one.
        stop = settings.listen(self._on_changed)
        self.destroyed.connect(stop)

    @property
    def value(self) -> Any:
        """Return the preference."""
        return getattr(self._settings.preferences, self._name)

    @property
    def reason(self) -> str:
        """Return why it can't be changed now."""
        return self._reason()

    def change(self, value: Any) -> None:
        """Store the preference and write the file: what was chosen survives whatever comes."""
        self._settings.update(**{self._name: value})
        self._settings.save()

    def _on_changed(self, names: frozenset[str]) -> None:
        if self._name in names:
            self.changed.emit()


class SwitchedAction(Setting):
    """A switch that is an action of the menus as well, so that both always agree."""

    def __init__(
        self,
        text: SettingText,
        action: QAction,
        *,
        default: bool,
        otherwise: str = "",
        parent: QObject | None = None,
    ) -> None:
        """``otherwise`` is why the action is disabled where it does not say so itself."""
        super().__init__(text, default, (), parent)
        self._action = action
        self._otherwise = otherwise
        action.toggled.connect(self.changed)
        action.enabledChanged.connect(self.changed)

    @property
    def value(self) -> bool:
        """Return whether the action is checked."""
        return self._action.isChecked()

    @property
    def reason(self) -> str:
        """Return what the action says about being disabled."""
        return "" if self._action.isEnabled() else self._action.statusTip() or self._otherwise

    def change(self, value: Any) -> None:
        """Check the action or not, which does what the menu does."""
        self._action.setChecked(bool(value))


class ChosenAction(Setting):
    """A choice among checkable actions of a menu that exclude each other."""

    def __init__(
        self,
        text: SettingText,
        actions: Sequence[QAction],
        default: object,
        parent: QObject | None = None,
    ) -> None:
        choices = [(action.data(), plain_title(action.text())) for action in actions]
        super().__init__(text, default, choices, parent)
        self._actions = tuple(actions)
        for action in self._actions:
            action.toggled.connect(self.changed)

    @property
    def value(self) -> Any:
        """Return what the checked action stands for."""
        return next((each.data() for each in self._actions if each.isChecked()), self.default)

    def change(self, value: Any) -> None:
        """Trigger the action that stands for a value."""
        for action in self._actions:
            if action.data() == value and not action.isChecked():
                action.trigger()
                return


class SettingAct(NamedTuple):
    """Something to do beside the settings, such as opening a folder. ``note`` says the state."""

    text: SettingText
    button: str
    run: Callable[[], object]
    note: str = ""
