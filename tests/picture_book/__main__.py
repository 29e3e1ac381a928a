"""Pictures of every window and dialog, to be looked at: ``python -m tests.picture_book FOLDER``.

``--theme``, ``--scale`` in per cent, ``--size`` as WIDTHxHEIGHT and ``--texts`` (latin, chinese,
pseudo) may be repeated; each combination gets a folder of its own. The sockets are this machine's,
among them servers of the script's own with long and with Chinese names.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

THEMES = ("light", "dark", "high-contrast")
SCALES = ("100", "150", "200")
SIZES = ("800x500", "1280x720", "1600x900")
TEXTS = ("latin", "chinese", "pseudo")
_ROOT = Path(__file__).resolve().parents[2]
_SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
other = socket.create_server(("0.0.0.0", 0))
print(listener.getsockname()[1], flush=True)
client = socket.create_connection(listener.getsockname())
sys.stdin.read()
"""
_FOLDERS = (
    "shop",
    "订单服务-开发环境",
    "a-very-long-name-of-a-folder-in-which-a-server-was-started",
)


def main() -> int:
    """Take the pictures of every combination, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.picture_book")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--theme", action="append", choices=THEMES)
    parser.add_argument("--scale", action="append", choices=SCALES)
    parser.add_argument("--size", action="append")
    parser.add_argument("--texts", action="append", choices=TEXTS)
    parser.add_argument("--only", default="", help="names of pictures, separated by commas")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        take(options)
        return 0
    chosen = itertools.product(
        options.theme or ["light"],
        options.scale or ["100"],
        options.size or ["1280x720"],
        options.texts or ["latin"],
    )
    for theme, scale, size, texts in chosen:
        folder = options.folder / f"{theme}-{scale}-{size}-{texts}"
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.picture_book", str(folder), "--here"]
        command += ["--theme", theme, "--scale", scale, "--size", size, "--texts", texts]
        command += ["--only", options.only]
        with tempfile.TemporaryDirectory() as home:
            environment = {
                **os.environ,
                "QT_SCALE_FACTOR": str(int(scale) / 100),
                "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
                "PORTVIEW_CONFIG_DIR": f"{home}/config",
                "PORTVIEW_LOG_DIR": f"{home}/log",
            }
            subprocess.run(command, env=environment, cwd=_ROOT, check=True)
        sys.stdout.write(f"{folder}\n")
    return 0


def take(options: argparse.Namespace) -> None:
    """Take the pictures of one combination in this process."""
    from portview import app, i18n  # noqa: PLC0415 - only where they are taken
    from portview.readers.choose import open_reader  # noqa: PLC0415 - likewise
    from portview.settings import Settings, settings_path  # noqa: PLC0415 - likewise
    from portview.ui.style.theme import Theme, apply_theme  # noqa: PLC0415 - likewise
    from tests.fakes.pseudo_locale import PseudoLocale  # noqa: PLC0415 - likewise
    from tests.picture_book.scenes import Camera, Scenes  # noqa: PLC0415 - likewise

    application = app.make_application()
    [texts] = options.texts
    if texts == "chinese":
        i18n.use_language("zh_CN")
    elif texts == "pseudo":
        i18n.install_catalogue(PseudoLocale())
    apply_theme(Theme(options.theme[0]))
    width, height = (int(number) for number in options.size[0].split("x"))
    wanted = set(filter(None, options.only.split(",")))
    reader = open_reader()
    with servers() as ports:
        opened = app.open_window(reader, Settings(settings_path()))
        window = opened.window
        window.resize(width, height)
        window.show()
        camera = Camera(application)
        try:
            for name, step in Scenes(camera, window, ports).all():
                if not wanted or name in wanted:
                    try:
                        pictured = step()
                    except TimeoutError:
                        sys.stdout.write(f"{name}: nothing to be seen\n")
                        continue
                    camera.settle()
                    pictured.grab().save(str(options.folder / f"{name}.png"))
                    if pictured is not window:
                        pictured.close()
                        camera.settle()
        finally:
            window.close()
            opened.close()
            reader.close()


@contextlib.contextmanager
def servers() -> Iterator[list[int]]:
    """Start servers in folders with telling names; give the loopback port of each."""
    children = []
    with tempfile.TemporaryDirectory() as place:
        for name in _FOLDERS:
            folder = Path(place, name)
            folder.mkdir()
            (folder / "server.py").write_text(_SERVER, encoding="utf-8")
            command = [sys.executable, "server.py"]
            pipe = subprocess.PIPE
            children.append(
                subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, text=True)
            )
        yield [int(child.stdout.readline()) for child in children if child.stdout is not None]
        for child in children:
            child.communicate()


if __name__ == "__main__":
    sys.exit(main())
