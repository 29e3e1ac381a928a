"""Run the smoke test: ``python -m windows_program.smoke FOLDER [--installer FILE]``."""

from __future__ import annotations

import argparse
import os
import re
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from windows_program.smoke.code_pages import check_code_pages
from windows_program.smoke.console import check_console
from windows_program.smoke.findings import SmokeError
from windows_program.smoke.installing import InstallationTest, check_installer
from windows_program.smoke.licence_texts import check_licences
from windows_program.smoke.messages import check_messages
from windows_program.smoke.portable import check_portable
from windows_program.smoke.start_time import measure_start
from windows_program.smoke.window import check_window

if TYPE_CHECKING:
    from collections.abc import Sequence

_PACKAGE: Final = Path(__file__).resolve().parents[3] / "portview" / "__init__.py"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exercise the programs and return an exit code."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="portview-smoke-") as scratch:
        try:
            check_everything(options, Path(scratch))
        except SmokeError as error:
            print(f"smoke test: {error}", file=sys.stderr)
            return 1
    print("smoke test: everything as it should be")
    return 0


def check_everything(options: argparse.Namespace, scratch: Path) -> None:
    """Run every check. Raises SmokeError at the first that fails."""
    found = re.search(r'__version__ = "([^"]+)"', _PACKAGE.read_text("utf-8"))
    version = found[1] if found else ""
    log = scratch / "log" / "portview.log"
    environment = {
        **os.environ,
        "PORTVIEW_CONFIG_DIR": str(scratch / "settings"),
        "PORTVIEW_LOG_DIR": str(log.parent),
    }
    folder = options.folder.resolve()
    check_licences(folder)
    if options.every_trace:  # on the bench, where netsh.exe may be exchanged
        check_code_pages(folder / "portviewc.exe", environment)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        check_console(folder / "portviewc.exe", version, listener, environment)
        check_messages(folder / "portviewc.exe", environment)
        report = (options.pictures or scratch).resolve() / "window.json"
        port = listener.getsockname()[1]
        check_window(folder / "PortView.exe", port, report, environment, log)
        if options.measure:
            bare = options.measure.resolve() / "Bare.exe"
            measure_start(folder / "PortView.exe", bare, scratch, environment)
        # With the listener open there is a row to show.
        if options.portable:
            archive = options.portable.resolve()
            check_portable(archive, scratch, environment, every_name=options.every_trace)
        if options.installer:
            test = InstallationTest(
                options.installer.resolve(),
                folder,
                version,
                scratch,
                environment,
                log,
                every_name=options.every_trace,
            )
            check_installer(test)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="smoke", description="Exercise the built programs.")
    parser.add_argument("folder", type=Path, help="the folder with PortView.exe")
    parser.add_argument("--portable", type=Path, help="the portable zip to try as well")
    parser.add_argument("--installer", type=Path, help="the installer to try as well")
    parser.add_argument(
        "--measure", type=Path, metavar="FOLDER", help="compare starts with Bare.exe in there"
    )
    parser.add_argument(
        "--every-trace", action="store_true", help="nothing else happens on this machine meanwhile"
    )
    parser.add_argument("--pictures", type=Path, help="where pictures and reports go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
