"""Runs in PortView.exe before the program and stands in for Qt's modules for OpenGL.

pyqtgraph imports them whether or not it is to draw with OpenGL, which it does only when told to
(``useOpenGL``, off by default). They weigh 11 MB, and nothing in PortView ever tells it to.
"""

import sys
from types import ModuleType

_MODULE, _WIDGETS = "PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets"


class QOpenGLWidget:
    """What pyqtgraph derives classes from; PortView makes no object of those."""


sys.modules[_MODULE] = ModuleType(_MODULE)
sys.modules[_WIDGETS] = ModuleType(_WIDGETS)
sys.modules[_WIDGETS].QOpenGLWidget = QOpenGLWidget  # type: ignore[attr-defined]
