"""The installer's own pictures: beside its last page, and in the head of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QImage

WIZARD_SIZE: Final = (328, 628)
HEADER_SIZE: Final = (300, 114)
"""Twice what the pages show at 100 %, so that they are sharp at 200 %."""

_TOP, _BOTTOM = "#1fa2b8", "#0d5c86"
"""The colours of the application's icon."""


def write_pictures(folder: Path) -> None:
    """Draw both and write them as bitmaps of 24 bits, which is what NSIS takes."""
    for name, image in (("wizard", draw_wizard()), ("header", draw_header())):
        if not image.save(str(folder / f"{name}.bmp"), "BMP"):  # type: ignore[call-overload] # its stub is wrong
            raise OSError(f"{name}.bmp could not be written to {folder}")


def draw_wizard() -> QImage:
    """Return the tall picture: the icon on its own colours."""
    from PySide6.QtCore import QPointF  # noqa: PLC0415 - not on every machine
    from PySide6.QtGui import QColor, QLinearGradient  # noqa: PLC0415

    width, height = WIZARD_SIZE
    gradient = QLinearGradient(QPointF(0, 0), QPointF(0, height))
    gradient.setColorAt(0, QColor(_TOP))
    gradient.setColorAt(1, QColor(_BOTTOM))
    return _drawn(WIZARD_SIZE, gradient, icon_px=184, at=((width - 184) // 2, 96))


def draw_header() -> QImage:
    """Return the flat picture: the icon at the right on white."""
    from PySide6.QtGui import QColor  # noqa: PLC0415 - not on every machine

    width, height = HEADER_SIZE
    return _drawn(HEADER_SIZE, QColor("white"), icon_px=88, at=(width - 104, (height - 88) // 2))


def _drawn(size: tuple[int, int], ground: object, *, icon_px: int, at: tuple[int, int]) -> QImage:
    from PySide6.QtGui import QBrush, QImage, QPainter  # noqa: PLC0415 - not on every machine

    from portview.resources import resource_path  # noqa: PLC0415
    from portview.ui.style.icons import draw_svg  # noqa: PLC0415

    image = QImage(*size, QImage.Format.Format_RGB888)
    svg = resource_path("icons", "portview.svg").read_text(encoding="utf-8")
    painter = QPainter(image)
    painter.fillRect(image.rect(), QBrush(ground))
    painter.drawImage(*at, draw_svg(svg, icon_px))
    painter.end()
    return image
