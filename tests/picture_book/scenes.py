"""What is pictured: each scene by its name, and what brings it about on a real window."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from portview.domain.sockets.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PySide6.QtWidgets import QApplication, QWidget

    from portview.ui.window.main_window import MainWindow

    Step = Callable[[], QWidget]

_WAIT_S = 6
_ACTS = (
    *("settings", "palette", "cheat_sheet", "about", "whats_new", "watches", "action_list"),
    *("export", "why", "managed_rules", "test_window", "probe", "scan", "pick"),
)
_ROW_ACTS = ("free_port", "properties", "watch_port", "allow_in_firewall", "end_process")
_FILTERS = {
    "filter-mistake": "port:80 AND (adress:127.0.0.1)",
    "filter-nothing": "proc:no-such-program",
    "filter-terms": "proc:python addr:127.0.0.1 -user:nobody",
}
_TABS = ("overview", "connections", "traffic", "firewall", "history")


class Camera:
    """Waits for what is to be seen, and finds what was opened."""

    def __init__(self, application: QApplication) -> None:
        self.application = application

    def settle(self, seconds: float = 0.6) -> None:
        """Let events pass for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.application.processEvents()
            time.sleep(0.01)

    def until(self, holds: Callable[[], bool]) -> None:
        """Let events pass until something holds. Raises TimeoutError."""
        end = time.monotonic() + _WAIT_S
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(holds)
            self.settle(0.05)

    def new_window(self, open_it: Callable[[], object]) -> QWidget:
        """Open something and return the window that appeared."""
        before = self._shown()
        open_it()
        self.until(lambda: bool(self._shown() - before))
        self.settle(1.5)
        return min(self._shown() - before, key=lambda one: one.width())

    def _shown(self) -> set[QWidget]:
        return {each for each in self.application.topLevelWidgets() if each.isVisible()}


class Scenes:
    """Brings about on a window what is pictured; each step returns the window to picture."""

    def __init__(self, camera: Camera, window: MainWindow, ports: Sequence[int]) -> None:
        """``ports`` are those on which servers of the pictures listen."""
        self._camera = camera
        self._window = window
        self._ports = ports

    def all(self) -> Iterator[tuple[str, Step]]:
        """Yield the scenes by name in the order in which they can be brought about."""
        yield "main", self._main
        for scope in (Scope.CONNECTIONS, Scope.UDP, Scope.ALL):
            yield f"scope-{scope}", partial(self._in_scope, scope)
        for name, text in _FILTERS.items():
            yield name, partial(self._filtered, text)
        yield "card-used", partial(self._card, str(self._ports[0]))
        yield "card-free", partial(self._card, "8079")
        yield "card-error", partial(self._card, "bind: Address already in use, port 8080")
        for number, name in enumerate(_TABS):
            yield f"details-{name}", partial(self._tab, number)
        for name in _ROW_ACTS:
            yield name, partial(self._row_act, name)
        for name in _ACTS:
            yield name, partial(self._act, name)

    def _select(self) -> None:
        window = self._window
        window.port_box.clear()
        window.filter_box.set_query_text("")
        window.set_scope(Scope.LISTENING)
        entries = window.model.all_entries()
        keys = [each.row.key for each in entries if each.row.local.port == self._ports[1]]
        window.navigation.go_to(keys[0])
        self._camera.settle()

    def _main(self) -> QWidget:
        self._camera.until(lambda: self._window.first_rows.are_shown)
        self._camera.settle(3)
        self._select()
        return self._window

    def _in_scope(self, scope: Scope) -> QWidget:
        self._window.set_scope(scope)
        self._window.table.selectRow(0)
        return self._window

    def _filtered(self, text: str) -> QWidget:
        self._window.set_scope(Scope.LISTENING)
        self._window.filter_box.setFocus()
        self._window.filter_box.set_query_text(text)
        return self._window

    def _card(self, text: str) -> QWidget:
        self._window.filter_box.set_query_text("")
        self._window.port_box.enter()
        self._window.port_box.setText(text)
        self._camera.settle(1)
        return self._window

    def _tab(self, number: int) -> QWidget:
        self._select()
        self._window.details.pane.tabs.setCurrentIndex(number)
        self._camera.settle(1)
        return self._window

    def _act(self, name: str) -> QWidget:
        return self._camera.new_window(self._window.acts[name].trigger)

    def _row_act(self, name: str) -> QWidget:
        self._select()
        return self._camera.new_window(lambda: self._window.row_actions.trigger(name))
