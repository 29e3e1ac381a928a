"""Icons tell what a process is, and what is new or closed by shape."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPalette, QPixmap

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.socket_row import OwnerProblem
from portview.models.liveness import Mark
from portview.ui.table.process_icons import (
    MOST_PER_TURN,
    ProcessIcons,
    is_on_network,
    program_icon_loader,
    with_new_mark,
)
from tests.factories import row, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from tests.gui.conftest import DetailsBench


def palette(base: str, text: str) -> QPalette:
    made = QPalette()
    for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Window):
        made.setColor(role, QColor(base))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText):
        made.setColor(role, QColor(text))
    return made


def light() -> QPalette:
    return palette("#fefefe", "#101010")


def dark() -> QPalette:
    return palette("#101010", "#fefefe")


def picture(icon: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> QImage:
    return icon.pixmap(QSize(16, 16), 1.0, mode).toImage()


def brightness(image: QImage) -> float:
    """Return the mean lightness of what is not transparent."""
    seen = [
        image.pixelColor(x, y).lightness()
        for x in range(16)
        for y in range(16)
        if image.pixelColor(x, y).alpha() > 128
    ]
    assert seen
    return sum(seen) / len(seen)


def icon_of_colour(colour: str) -> QIcon:
    pixmap = QPixmap(16, 16)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)


def make(load: Callable[[str], QIcon] | None = None, mark: Mark | None = None) -> ProcessIcons:
    return ProcessIcons(lambda _key: mark, light(), load)


INFO = ProcessInfo(ProcessKey(1, 5), "app", "C:\\app.exe")


def test_every_kind_of_owner_has_its_own_icon(qtbot: QtBot) -> None:
    unowned = row(80)._replace(key=row(80).key._replace(owner=None))
    kinds = {
        "program": SocketEntry(row(80), INFO),
        "no process": SocketEntry(unowned),
        "unknown": SocketEntry(unowned._replace(owner_problem=OwnerProblem.ACCESS_DENIED)),
    }
    pictures = {kind: picture(make().icon_of(entry)) for kind, entry in kinds.items()}
    closed = picture(make(mark=Mark.CLOSED).icon_of(kinds["program"]))
    new = picture(make(mark=Mark.NEW).icon_of(kinds["program"]))
    shapes = [*pictures.values(), closed, new]
    assert all(a != b for number, a in enumerate(shapes) for b in shapes[:number])
    unnamed = SocketEntry(row(80), replace(INFO, name=None))
    assert picture(make().icon_of(unnamed)) == pictures["unknown"]
    changed = make(mark=Mark.CHANGED).icon_of(kinds["program"])
    assert picture(changed) == pictures["program"]


def test_windows_own_processes_look_like_the_system(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    system = SocketEntry(row(445, pid=4), ProcessInfo(ProcessKey(4, 5), "System"))
    unowned = SocketEntry(row(80)._replace(key=row(80).key._replace(owner=None)))
    assert picture(make().icon_of(system)) == picture(make().icon_of(unowned))


def test_the_sign_of_a_new_row_leaves_the_icon_recognisable(qtbot: QtBot) -> None:
    plain = icon_of_colour("#ff0000")
    marked = picture(with_new_mark(plain, QColor("#00ff00").rgba()))
    colours = [marked.pixelColor(x, y) for x in range(16) for y in range(16)]
    reds = sum(colour.red() > 200 and colour.alpha() > 200 for colour in colours)
    greens = sum(colour.green() > 150 and colour.alpha() > 128 for colour in colours)
    assert reds > 128
    assert 6 < greens < 64


def test_own_icons_follow_the_palette(qtbot: QtBot) -> None:
    icons = make()
    entry = SocketEntry(row(80), INFO)
    dark_on_light = brightness(picture(icons.icon_of(entry)))
    with qtbot.waitSignal(icons.changed):
        icons.set_palette(dark())
    assert brightness(picture(icons.icon_of(entry))) > dark_on_light + 50
    selected = picture(icons.icon_of(entry), QIcon.Mode.Selected)
    wanted = dark().color(QPalette.ColorRole.HighlightedText).lightness()
    assert abs(brightness(selected) - wanted) < 12


def test_icons_of_programs_are_loaded_a_few_per_turn_and_once_each(qtbot: QtBot) -> None:
    loaded: list[str] = []

    def load(executable: str) -> QIcon:
        loaded.append(executable)
        return QIcon() if executable.endswith("0.exe") else icon_of_colour("#ff0000")

    icons = make(load)
    own = picture(make().icon_of(SocketEntry(row(80), INFO)))
    entries = [SocketEntry(row(80 + n), replace(INFO, executable=f"C:\\{n}.exe")) for n in range(5)]
    turns: list[int] = []
    icons.changed.connect(lambda: turns.append(len(loaded)))
    for entry in entries:
        assert picture(icons.icon_of(entry)) == own
        assert picture(icons.icon_of(entry)) == own
    assert loaded == []
    qtbot.waitUntil(lambda: len(loaded) == 5)
    assert turns == [MOST_PER_TURN, 2 * MOST_PER_TURN, 5]
    assert picture(icons.icon_of(entries[0])) == own
    assert picture(icons.icon_of(entries[1])) == picture(icon_of_colour("#ff0000"))
    assert len(loaded) == 5


def test_stopping_loads_no_more(qtbot: QtBot) -> None:
    loaded: list[str] = []
    icons = make(lambda executable: loaded.append(executable) or QIcon())
    icons.icon_of(SocketEntry(row(80), INFO))
    icons.stop()
    qtbot.wait(1)  # a turn of the event loop
    assert loaded == []


@pytest.mark.parametrize(
    ("path", "is_network"),
    [
        ("C:\\Windows\\x.exe", False),
        ("\\\\server\\share\\x.exe", True),
        ("\\\\?\\UNC\\server\\x.exe", True),
        ("//server/share/x.exe", True),
        ("x.exe", True),
        ("\\Device\\x.exe", True),
    ],
)
def test_paths_that_may_hang_are_known(path: str, is_network: bool) -> None:
    assert is_on_network(path) is is_network


@pytest.mark.windows_only("only Windows' shell has icons of programs")
def test_the_shell_has_an_icon_for_a_program(qtbot: QtBot) -> None:
    load = program_icon_loader()
    assert load is not None
    assert not load(sys.executable).isNull()
    assert load("\\\\server\\share\\x.exe").isNull()


@pytest.mark.linux_only("elsewhere programs have icons")
def test_linux_has_no_icons_of_programs() -> None:
    assert program_icon_loader() is None


def test_the_table_shows_icons_and_marks_what_is_new(bench: DetailsBench) -> None:
    bench.show(snapshot([row(80)]))
    bench.show(snapshot([row(80), row(81)]))
    old, new, beside = (
        bench.model.index(*place).data(Qt.ItemDataRole.DecorationRole)
        for place in ((0, 0), (1, 0), (0, 1))
    )
    assert picture(old) != picture(new)
    assert beside is None
