"""What the settings are: every line with its section, title, explanation and value."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.i18n import N_, _, ngettext
from portview.preferences import (
    DEFAULTS,
    HISTORY_DAYS,
    HISTORY_MB,
    LANGUAGES,
    LOG_FORMATS,
    LOG_LEVELS,
)
from portview.ui.settings_page.setting import (
    ChosenAction,
    Section,
    Setting,
    SettingAct,
    SettingText,
    StoredSetting,
    SwitchedAction,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QAction

    from portview.settings import Settings
    from portview.ui.commands.window_actions import WindowActions

_LANGUAGE_NAMES = {"en": "English", "zh_CN": "简体中文", "de": "Deutsch (teilweise)"}
"""Each in its own language, so that everybody finds theirs."""

_FORMAT_TITLES = {"text": N_("Text"), "json": N_("JSON (Elastic Common Schema)")}
_LEVEL_TITLES = {
    "warning": N_("Warnings and errors"),
    "info": N_("Information"),
    "debug": N_("Everything, for a bug report"),
}


class ChosenActions(NamedTuple):
    """The choices of menus that are settings as well."""

    themes: Sequence[QAction]
    intervals: Sequence[QAction]
    highlights: Sequence[QAction]


class Places(NamedTuple):
    """Files of PortView, and what can be done about them."""

    history: Path
    log_folder: Path
    rules: Path
    open_folder: Callable[[Path], object]
    forget_history: Callable[[], object]


class SettingsLines:
    """Makes the lines, all of them owned by one object."""

    def __init__(
        self,
        acts: WindowActions,
        settings: Settings,
        chosen: ChosenActions,
        places: Places,
        owner: QObject,
        *,
        no_updates: str,
    ) -> None:
        """``no_updates`` says why this copy can't look for updates; empty where it can."""
        self._acts = acts
        self._settings = settings
        self._chosen = chosen
        self._places = places
        self._owner = owner
        self._no_updates = no_updates

    def all(self) -> list[Setting | SettingAct]:
        """Return the lines in their order."""
        return [
            *self._appearance(),
            *self._table(),
            *self._background(),
            *self._watches(),
            *self._history(),
            *self._log(),
            *self._keyboard(),
            *self._news(),
        ]

    def _appearance(self) -> list[Setting | SettingAct]:
        languages = [(name, _LANGUAGE_NAMES.get(name) or _("As the system")) for name in LANGUAGES]
        return [
            ChosenAction(
                SettingText(
                    Section.APPEARANCE,
                    _("Theme"),
                    _("The colours of all windows. High contrast is white on black."),
                    _("dark light colour contrast"),
                ),
                self._chosen.themes,
                DEFAULTS.theme,
                self._owner,
            ),
            self._stored(
                "language",
                SettingText(
                    Section.APPEARANCE,
                    _("Language"),
                    _("The language of windows and messages, at once. JSON stays English."),
                    "English 中文 language",
                ),
                languages,
            ),
            self._stored(
                "reduce_motion",
                SettingText(
                    Section.APPEARANCE,
                    _("Reduce motion"),
                    _("Menus appear at once, the cursor does not blink, and nothing slides."),
                    _("animation"),
                ),
            ),
        ]

    def _table(self) -> list[Setting | SettingAct]:
        return [
            ChosenAction(
                SettingText(
                    Section.TABLE,
                    _("Refresh"),
                    _("How often the sockets are read. A longer interval costs less."),
                    _("interval live speed"),
                ),
                self._chosen.intervals,
                DEFAULTS.interval_ms,
                self._owner,
            ),
            ChosenAction(
                SettingText(
                    Section.TABLE,
                    _("Mark changes"),
                    _("How long new rows are marked and closed rows stay."),
                    _("highlight new closed"),
                ),
                self._chosen.highlights,
                DEFAULTS.linger_ms,
                self._owner,
            ),
            self._switch(
                "time_wait",
                SettingText(
                    Section.TABLE,
                    _("Connections with TIME_WAIT"),
                    _("Show connections that are closed already and wait for late packets."),
                ),
                default=DEFAULTS.time_wait,
            ),
            self._switch(
                "group",
                SettingText(
                    Section.TABLE,
                    _("Group by process"),
                    _("Show each process with its sockets below it."),
                    _("tree"),
                ),
                default=DEFAULTS.grouped,
            ),
            self._switch(
                "details",
                SettingText(
                    Section.TABLE,
                    _("Details"),
                    _("Show what is known about the chosen row below the table."),
                    _("pane"),
                ),
                default=DEFAULTS.details_open,
            ),
            SettingAct(
                SettingText(
                    Section.TABLE,
                    _("Columns"),
                    _(
                        "Each scope has its own. Right-click the table's header to choose them, "
                        "drag them to move them."
                    ),
                ),
                _("Reset columns"),
                self._acts["reset_columns"].trigger,
            ),
        ]

    def _background(self) -> list[Setting | SettingAct]:
        return [
            self._switch(
                "tray",
                SettingText(
                    Section.BACKGROUND,
                    _("Icon in the notification area"),
                    _("Shows the worst state of the watches, and opens the window."),
                ),
                default=DEFAULTS.tray,
            ),
            self._switch(
                "close_to_tray",
                SettingText(
                    Section.BACKGROUND,
                    _("Close to notification area"),
                    _("Closing the window leaves PortView running, so that watches go on."),
                    _("close"),
                ),
                default=False,
                otherwise=_("This needs the icon in the notification area."),
            ),
            self._switch(
                "autostart",
                SettingText(
                    Section.BACKGROUND,
                    _("Start when I sign in"),
                    _("Starts PortView for this account, in the notification area or minimized."),
                    _("autostart login"),
                ),
                default=False,
            ),
            self._stored(
                "notifications",
                SettingText(
                    Section.BACKGROUND,
                    _("Notifications"),
                    _(
                        "The icon in the notification area shows a message when a watch "
                        "fires or is resolved."
                    ),
                    _("messages alerts"),
                ),
            ),
        ]

    def _watches(self) -> list[Setting | SettingAct]:
        return [
            SettingAct(
                SettingText(
                    Section.WATCHES,
                    _("Watches"),
                    _("What is watched, and which watches fire."),
                    _("alerts repair"),
                ),
                _("Show watches"),
                self._acts["watches"].trigger,
            ),
            SettingAct(
                SettingText(
                    Section.WATCHES,
                    _("File of the watches"),
                    _("Watches, channels and repairs are in this file, to be edited by hand too:"),
                    "watches.toml",
                ),
                _("Open folder"),
                lambda: self._places.open_folder(self._places.rules.parent),
                str(self._places.rules),
            ),
        ]

    def _history(self) -> list[Setting | SettingAct]:
        days = [
            (count, ngettext("{count} day", "{count} days", count).format(count=count))
            for count in HISTORY_DAYS
        ]
        sizes = [(size, _("{size:,} MB").format(size=size)) for size in HISTORY_MB]
        return [
            self._stored(
                "history",
                SettingText(
                    Section.HISTORY,
                    _("Record history"),
                    _("Remember which programs listened on which ports, and when."),
                    _("privacy"),
                ),
            ),
            self._stored(
                "history_peers",
                SettingText(
                    Section.HISTORY,
                    _("Record remote addresses"),
                    _("Remember as well which other computers were connected to those ports."),
                    _("privacy connections"),
                ),
            ),
            self._stored(
                "history_days",
                SettingText(
                    Section.HISTORY, _("Keep history for"), _("What is older is deleted."), _("age")
                ),
                days,
            ),
            self._stored(
                "history_mb",
                SettingText(
                    Section.HISTORY,
                    _("Largest size of the history"),
                    _("The oldest history is deleted when the file grows beyond this."),
                    _("disk space"),
                ),
                sizes,
            ),
            SettingAct(
                SettingText(
                    Section.HISTORY,
                    _("File of the history"),
                    _("Only your account can read this file:"),
                    _("where"),
                ),
                _("Open folder"),
                lambda: self._places.open_folder(self._places.history.parent),
                str(self._places.history),
            ),
            SettingAct(
                SettingText(
                    Section.HISTORY,
                    _("Forget history"),
                    _("Delete what is known of all ports. The tab History does so for one port."),
                    _("delete clear privacy"),
                ),
                _("Forget everything…"),
                self._places.forget_history,
            ),
        ]

    def _log(self) -> list[Setting | SettingAct]:
        return [
            self._stored(
                "log_level",
                SettingText(
                    Section.LOG,
                    _("What is logged"),
                    _("The log never holds secrets of command lines or of channels."),
                    _("level debug"),
                ),
                [(level, _(_LEVEL_TITLES[level])) for level in LOG_LEVELS],
            ),
            self._stored(
                "log_format",
                SettingText(
                    Section.LOG,
                    _("Format of the log"),
                    _("JSON is for programs that collect logs. watches.toml may ask for it too."),
                ),
                [(each, _(_FORMAT_TITLES[each])) for each in LOG_FORMATS],
            ),
            SettingAct(
                SettingText(
                    Section.LOG,
                    _("Folder of the log"),
                    _("PORTVIEW_LOG_DIR names another folder. At most 4 MB are kept here:"),
                    _("where"),
                ),
                _("Open folder"),
                lambda: self._places.open_folder(self._places.log_folder),
                str(self._places.log_folder),
            ),
        ]

    def _keyboard(self) -> list[Setting | SettingAct]:
        return [
            self._stored(
                "digits_ask",
                SettingText(
                    Section.KEYBOARD,
                    _("Digits in the table ask for a port"),
                    _("Typing a number in the table says who has that port. Ctrl+L always does."),
                ),
            ),
            SettingAct(
                SettingText(
                    Section.KEYBOARD,
                    _("Keys"),
                    _("Every key and the words of the filter."),
                    _("shortcuts"),
                ),
                _("Show keys"),
                self._acts["cheat_sheet"].trigger,
            ),
        ]

    def _news(self) -> list[Setting | SettingAct]:
        return [
            self._stored(
                "hints",
                SettingText(
                    Section.NEWS,
                    _("Hints"),
                    _("Show hints above the table. Each goes away for good once it is closed."),
                    _("tips help"),
                ),
            ),
            SettingAct(
                SettingText(
                    Section.NEWS, _("Closed hints"), _("Show all hints again, one at a time.")
                ),
                _("Show again"),
                lambda: self._settings.update(hints=True, hints_done=[]),
            ),
            self._stored(
                "update_notice",
                SettingText(
                    Section.NEWS,
                    _("Check for a new version"),
                    _(
                        "Once a day PortView reads one signed file and says when there is a newer "
                        "version. Nothing about this computer is sent, and nothing is installed."
                    ),
                    _("update internet privacy"),
                ),
                reason=self._no_updates,
            ),
        ]

    def _stored(
        self,
        name: str,
        text: SettingText,
        choices: Sequence[tuple[object, str]] = (),
        *,
        reason: str = "",
    ) -> StoredSetting:
        return StoredSetting(
            text, self._settings, name, choices, reason=lambda: reason, parent=self._owner
        )

    def _switch(
        self, name: str, text: SettingText, *, default: bool, otherwise: str = ""
    ) -> SwitchedAction:
        return SwitchedAction(
            text, self._acts[name], default=default, otherwise=otherwise, parent=self._owner
        )
