"""The plot draws without Qt's modules for OpenGL, as it has to in the packaged program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HOOK = ROOT / "packaging" / "windows_program" / "without_opengl.py"

_DRAW = """
import runpy, sys
runpy.run_path(sys.argv[1])
from PySide6.QtWidgets import QApplication
application = QApplication([])
from portview.domain.sockets.series import Line
from portview.ui.details.traffic_plot import TrafficPlot
plot = TrafficPlot()
plot.resize(400, 200)
plot.set_lines(["Sockets"], "sockets", str, 4.0)
plot.show_lines([Line((2.0, 1.0, 0.0), (1.0, 3.0, 2.0))])
image = plot.grab().toImage()
colours = {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}
real = [name for name in sys.modules if "OpenGL" in name and hasattr(sys.modules[name], "__file__")]
line = plot.curves[0].opts["pen"].color().rgb()
print(plot.point_counts(), line in colours, [name for name in real if name.startswith("PySide6")])
"""


def test_a_line_is_drawn_with_nothing_but_the_stand_ins() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DRAW, str(HOOK)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "{'Sockets': 3} True []", done.stderr
