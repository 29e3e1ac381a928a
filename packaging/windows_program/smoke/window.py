"""PortView.exe, looked at from outside: its window, its rows, its picture, its end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any, Final

from windows_program.smoke.findings import expect, told, wait_for
from windows_program.smoke.native_windows import ask_to_close, windows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_PATIENCE_S: Final = 90
_FEWEST_COLOURS: Final = 32
_FEWEST_POINTS: Final = 2
_INFORMATION: Final = re.compile(r"\S+ \S+ \d+ INFO ")
"""Date, time, process and level, as portview/log.py writes them."""


@dataclass(frozen=True, slots=True)
class OpenProgram:
    """A started PortView.exe and what it reported; ``start_ms`` from start to painted rows."""

    process: subprocess.Popen[bytes]
    report: dict[str, Any]
    start_ms: float


@contextlib.contextmanager
def opened(
    program: Path, report: Path, environment: Mapping[str, str], more: Sequence[str] = ()
) -> Iterator[OpenProgram]:
    """Start a program that reports on itself; what still runs at the end is ended."""
    report.unlink(missing_ok=True)
    started_ns = time.time_ns()
    process = subprocess.Popen(
        [program, "--self-report", report, *more],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
    )
    try:
        wait_for(
            f"the report of {program.name}",
            lambda: report.exists() or process.poll() is not None,
            _PATIENCE_S,
        )
        expect(report.exists(), f"{program.name} ended with {process.returncode} without a window")
        content = json.loads(report.read_text("utf-8"))
        yield OpenProgram(process, content, (content["painted_at_ns"] - started_ns) / 1e6)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def check_window(
    program: Path, port: int, report: Path, environment: Mapping[str, str], log: Path
) -> None:
    """Open the window, find a listener's row in it, look at its picture and close it."""
    with opened(program, report, environment) as window:
        expect(window.report["is_frozen"], "the report comes from another PortView")
        rows = [row for row in window.report["rows"] if row["port"] == str(port)]
        expect(len(rows) == 1, f"the table has {len(rows)} rows with port {port}")
        expect(rows[0]["pid"] == str(os.getpid()), f"the table gives port {port} to {rows[0]}")
        told(f"the table shows port {port}, PID {rows[0]['pid']}, among {_count(window)} rows")
        colours = colours_of(report.with_suffix(".png"))
        expect(colours >= _FEWEST_COLOURS, f"the picture has {colours} colours only")
        told(f"the picture of the window has {colours} colours: {report.with_suffix('.png').name}")
        expect_plot(window.report)
        close(window.process)
    expect_no_errors(log)
    told("it closed by WM_CLOSE with exit code 0, and the log has no errors")


def expect_plot(report: Mapping[str, Any]) -> None:
    """Expect that the traffic tab showed a plot with lines, for which numpy has to be there."""
    plot = report["plot"]
    expect(plot, "the traffic tab shows no plot")
    expect(plot["lines"], "the plot has no lines")
    for name, count in plot["lines"].items():
        expect(count >= _FEWEST_POINTS, f'the line "{name}" of the plot has {count} points')
    picture = PureWindowsPath(plot["picture"]).name
    told(f"the traffic tab plots {', '.join(plot['lines'])}: {picture}")


def close(process: subprocess.Popen[bytes]) -> None:
    """Ask the only window of a program to close and expect a good end."""
    windows = wait_for("a visible window", lambda: windows_of(process.pid), _PATIENCE_S)
    titles = [window.title for window in windows]
    expect(titles == ["PortView"], f"the visible windows are {titles}")
    ask_to_close(windows[0].handle)
    expect_good_end(process)


def expect_good_end(process: subprocess.Popen[bytes]) -> None:
    """Wait until a program ends and expect exit code 0."""
    wait_for("the end of the program", lambda: process.poll() is not None, _PATIENCE_S)
    expect(process.returncode == 0, f"the program ended with exit code {process.returncode}")


def expect_no_errors(log: Path) -> None:
    """Expect that a log holds nothing worse than information; there may be no log at all."""
    if not log.exists():
        return
    lines = log.read_text("utf-8").splitlines()
    bad = [line for line in lines if not _INFORMATION.match(line)]
    expect(not bad, "the log has:\n" + "\n".join(bad))


def colours_of(picture: Path) -> int:
    """Return how many colours a picture has; 0 where there is none."""
    from PySide6.QtGui import QImage  # noqa: PLC0415 - only where the programs are built

    image = QImage(str(picture))
    small = image.convertToFormat(QImage.Format.Format_RGB32)
    return len(
        {small.pixel(x, y) for x in range(0, small.width(), 2) for y in range(0, small.height(), 2)}
    )


def _count(window: OpenProgram) -> int:
    return len(window.report["rows"])
