"""What PortView has to say about itself: a hint, the news of a version, a newer version.

One at a time, in one bar, and each goes away for good once it is closed or followed.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices

from portview import __version__
from portview.engine.task_runner import Pool
from portview.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.widgets.banner import Banner
    from portview.update_notice import Release, UpdateSource

logger = logging.getLogger(__name__)


class Hint(NamedTuple):
    """Something worth knowing, and the action that shows it: once that was done the hint goes."""

    name: str
    text: str
    action: str
    button: str


HINTS = (
    Hint(
        "port",
        N_("Type a port number anywhere in the table to see who has it and to free it."),
        "go_to_port",
        N_("Try it"),
    ),
    Hint(
        "palette",
        N_("Ctrl+Shift+P finds every command, port and program, and explains error messages."),
        "palette",
        N_("Show commands"),
    ),
    Hint(
        "watch",
        N_("PortView can watch a port and notify you when it stops responding."),
        "watches",
        N_("Show watches"),
    ),
    Hint(
        "keys",
        N_("F1 opens the guide, Shift+F1 lists every key and the words of the filter."),
        "cheat_sheet",
        N_("Show keys"),
    ),
)


class Notices(QObject):
    """Decides what the bar says. UI thread; the file about new versions is read on a pool."""

    def __init__(
        self,
        bar: Banner,
        acts: WindowActions,
        settings: Settings,
        runner: TaskRunner,
        *,
        source: Callable[[], UpdateSource | None] | None = None,
        read: Callable[[UpdateSource], Release | None] | None = None,
    ) -> None:
        super().__init__(bar)
        self._bar = bar
        self._acts = acts
        self._settings = settings
        self._runner = runner
        self._source = source
        self._read = read
        self._follow: Callable[[], object] | None = None
        self._dismiss: Callable[[], object] | None = None
        self._hint = ""
        self._is_asking = False
        bar.set_closing(_("Close this message"), _("Close for good"))
        bar.wanted.connect(self._on_wanted)
        bar.closed.connect(self._on_closed)
        self._stop_listening = settings.listen(self._on_settings)

    @Slot()
    def start(self) -> None:
        """Say what there is to say, after the first rows."""
        for hint in HINTS:
            action = self._acts[hint.action]
            action.triggered.connect(partial(self._on_done, hint.name))
        if not self._say_news():
            self._say_hint()
        self._ask_for_update()

    def stop(self) -> None:
        """Let the bar and the settings go."""
        self._stop_listening()
        self._bar.wanted.disconnect(self._on_wanted)
        self._bar.closed.disconnect(self._on_closed)

    def _on_done(self, name: str, _checked: bool = False) -> None:  # noqa: FBT001, FBT002 - a slot
        self.note_done(name)

    def note_done(self, name: str) -> None:
        """Note that a person knows what a hint says; it is not shown any more."""
        done = self._settings.preferences.hints_done
        if name not in done:
            self._settings.update(hints_done=[*done, name])
        if self._hint == name:
            self._clear()

    def _say_news(self) -> bool:
        seen = self._settings.preferences.version_seen
        if seen == __version__:
            return False
        self._settings.update(version_seen=__version__)
        if not seen:
            return False  # the first start: everything is new
        self._say(
            _("PortView {version} is installed.").format(version=__version__),
            _("What's new"),
            self._acts["whats_new"].trigger,
            sign="new",
        )
        return True

    def _say_hint(self) -> None:
        preferences = self._settings.preferences
        if not preferences.hints or not self._bar.isHidden():
            return
        for hint in HINTS:
            if hint.name not in preferences.hints_done:
                self._say(
                    _(hint.text),
                    _(hint.button),
                    self._acts[hint.action].trigger,
                    partial(self.note_done, hint.name),
                    sign="info",
                )
                self._hint = hint.name
                return

    def _ask_for_update(self) -> None:
        from portview import update_notice  # noqa: PLC0415 - after the first rows

        preferences = self._settings.preferences
        source = (self._source or update_notice.update_source)()
        waited_s = int(time.time()) - preferences.update_asked_at
        is_due = not 0 <= waited_s < update_notice.CHECK_INTERVAL_S
        if not preferences.update_notice or source is None or not is_due or self._is_asking:
            return
        self._is_asking = True
        read = self._read or update_notice.newer_release
        self._runner.run(
            lambda _work: read(source),
            pool=Pool.PROBES,
            on_done=self._on_release,
            on_failed=self._on_failed,
        )

    def _on_release(self, release: Release | None) -> None:
        self._is_asking = False
        self._settings.update(update_asked_at=int(time.time()))
        if release is None or not self._settings.preferences.update_notice:
            return
        page = QUrl(release.page)
        self._say(
            _("PortView {version} is available.").format(version=release.version),
            _("Open the page"),
            lambda: QDesktopServices.openUrl(page),
            sign="new",
        )

    def _on_failed(self, error: Exception) -> None:
        # Nobody waits for it: the log has it, and the next start asks again.
        self._is_asking = False
        logger.info("the newest version is unknown: %s", error)

    def _say(
        self,
        text: str,
        button: str,
        follow: Callable[[], object],
        dismiss: Callable[[], object] | None = None,
        *,
        sign: str,
    ) -> None:
        self._hint, self._follow, self._dismiss = "", follow, dismiss
        self._bar.say(text, button, sign=sign)

    @Slot()
    def _on_wanted(self) -> None:
        follow = self._follow
        self._on_closed()
        if follow is not None:
            follow()

    @Slot()
    def _on_closed(self) -> None:
        dismiss = self._dismiss
        self._clear()
        if dismiss is not None:
            dismiss()

    def _clear(self) -> None:
        self._hint, self._follow, self._dismiss = "", None, None
        self._bar.hide()

    def _on_settings(self, names: frozenset[str]) -> None:
        preferences = self._settings.preferences
        if "hints" in names and not preferences.hints and self._hint:
            self._clear()
        if names & {"hints", "hints_done"} and preferences.hints and not preferences.hints_done:
            self._say_hint()
        if "update_notice" in names:
            self._ask_for_update()
