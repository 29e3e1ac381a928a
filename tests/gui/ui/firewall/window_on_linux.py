"""Runs on a machine behind a firewall: a whole window, done by hand what each line asks for.

A line on standard input is a word of ``Hands``; each is answered by a line of JSON.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from portview import app
from portview.domain.table.columns import COLUMNS
from portview.firewall.linux.backend import LinuxFirewall
from portview.readers.choose import open_reader
from portview.settings import Settings
from portview.ui.confirm.action_dialog import ActionDialog
from portview.ui.firewall.rule_dialog import RuleDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication

    from portview.ui.confirm.confirm_dialog import ConfirmDialog

PATIENCE_S = 60


class Hands:
    """Does in the window what a person does, and tells what a person sees."""

    def __init__(self, application: QApplication, folder: str, port: int) -> None:
        self._application = application
        self._server = socket.create_server(("0.0.0.0", port))  # noqa: S104 - for the other machine
        self._reader = open_reader()
        self.opened = app.open_window(self._reader, Settings(Path(folder) / "settings.json"))
        self.window = self.opened.window
        self.window.show()
        self._port = port
        self.wait(lambda: self._key() is not None)
        assert self.window.table.select_key(self._key())
        self.window.details.pane.tabs.setCurrentIndex(3)

    def wait(self, is_so: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < until
            self._application.processEvents()
            time.sleep(0.005)

    def see(self) -> dict[str, Any]:
        page = self.window.details.pane.front_page
        key = self._key()
        self.wait(lambda: key in self.window.model.context.firewall)
        self.wait(lambda: "CloseMethod" not in page.headline.text)
        entry = self.window.model.find_entry(key)
        column = [each.id for each in COLUMNS].index("firewall")
        return {
            "cell": self.window.model.cell(entry, column),
            "headline": page.headline.text,
            "rules": [
                [page.rules.item(row, column).text() for column in range(7)]
                for row in range(page.rules.rowCount())
            ],
        }

    def see_change(self) -> dict[str, Any]:
        """Tell what is seen when it is something else than what was seen last."""
        generation = self.opened.firewall.read().generation
        feed = self.window.firewall._sources.feed
        self.wait(lambda: feed._rules is not None and feed._rules.generation >= generation)
        self.wait(lambda: self.window.model.context.firewall is feed.answers)
        return self.see()

    def allow(self) -> dict[str, Any]:
        self.window.acts["allow_in_firewall"].trigger()
        return self._do(RuleDialog)

    def block(self) -> dict[str, Any]:
        self.window.acts["block_in_firewall"].trigger()
        return self._do(RuleDialog)

    def revoke(self) -> dict[str, Any]:
        self.window.acts["managed_rules"].trigger()
        listed = self.window.firewall.managed_rules_window
        self.wait(listed.table.rowCount)
        listed.all_button.click()
        told = self._do(ActionDialog)
        self.wait(lambda: not listed.table.rowCount())
        return {**told, "note": listed.note.text()}

    def _do(self, kind: type[ConfirmDialog]) -> dict[str, Any]:
        self.wait(lambda: any(one.isVisible() for one in self.window.findChildren(kind)))
        dialog = next(one for one in self.window.findChildren(kind) if one.isVisible())
        self.wait(lambda: dialog.act_button.isVisible() and dialog.act_button.isEnabled())
        command = dialog.preview.command.full_text if isinstance(dialog, RuleDialog) else ""
        reports: list[Any] = []
        dialog.acted.connect(reports.append)
        dialog.act_button.click()
        self.wait(lambda: reports or dialog.outcome.isVisible())
        told = {"now": dialog.now_text.text(), "done": dialog.done_text.text(), "command": command}
        dialog.reject()
        return {**told, "outcome": int(reports[0].outcome) if reports else None}

    def _key(self) -> Any:
        rows = self.window.model.shown_entries
        return next((one.row.key for one in rows if one.row.local.port == self._port), None)

    def close(self) -> None:
        self.window.close()
        self.opened.close()
        self._reader.close()
        self._server.close()


def main() -> None:
    folder, port = sys.argv[1:]
    app._open_firewall = LinuxFirewall
    hands = Hands(app.make_application(), folder, int(port))
    _tell("ready")
    for line in sys.stdin:
        _tell(getattr(hands, line.strip())())
    hands.close()


def _tell(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
