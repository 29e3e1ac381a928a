"""PortView's own icons, drawn in the palette's colours."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from portview.resources import resource_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtWidgets import QAbstractButton, QWidget

_SIZES = (16, 20, 24, 32, 48, 64)
_APPLICATION_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)


def icon(name: str, palette: QPalette) -> QIcon:
    """Return the named icon in the palette's text colour, with a faded form for disabled."""
    role = QPalette.ColorRole.ButtonText
    normal = palette.color(QPalette.ColorGroup.Active, role)
    disabled = palette.color(QPalette.ColorGroup.Disabled, role)
    return coloured_icon(name, normal.rgba(), disabled.rgba())


@lru_cache(maxsize=256)
def coloured_icon(name: str, normal: int, disabled: int, selected: int | None = None) -> QIcon:
    """Return the named icon in its colours, given as 0xAARRGGBB.

    ``selected`` is for selected rows; without one Qt tints the normal colour.
    """
    result = QIcon()
    colours = {QIcon.Mode.Normal: normal, QIcon.Mode.Disabled: disabled}
    if selected is not None:
        colours[QIcon.Mode.Selected] = selected
    for mode, rgba in colours.items():
        for shape in _shapes(name):
            result.addPixmap(_dyed(shape, rgba), mode)
    return result


@lru_cache(maxsize=64)
def _shapes(name: str) -> tuple[QImage, ...]:
    # The icons have one colour, so one drawing is enough for every mode and theme.
    svg = resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")
    return tuple(_drawings(svg.replace("currentColor", "black"), _SIZES))


def _dyed(shape: QImage, rgba: int) -> QPixmap:
    # A copy: painting on a pixmap made of the shape would paint on the shape itself.
    picture = shape.copy()
    painter = QPainter(picture)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(picture.rect(), QColor.fromRgba(rgba))
    painter.end()
    return QPixmap.fromImage(picture)


@lru_cache(maxsize=1)
def application_icon() -> QIcon:
    """Return PortView's own icon in every size that a system asks for."""
    result = QIcon()
    svg = resource_path("icons", "portview.svg").read_text(encoding="utf-8")
    for picture in _drawings(svg, _APPLICATION_SIZES):
        result.addPixmap(QPixmap.fromImage(picture))
    return result


def set_button_icon(button: QAbstractButton, name: str, palette: QPalette | None = None) -> None:
    """Give a button an icon in its own palette's colour; call again when the palette changes.

    A widget that is shown a change of its palette gives its own: its buttons are reported later.
    """
    button.setIcon(icon(name, button.palette() if palette is None else palette))


def device_pixmap(name: str, widget: QWidget, size: int) -> QPixmap:
    """Return the named icon as a pixmap for a label, sharp on the widget's screen."""
    return icon(name, widget.palette()).pixmap(size, size)


def draw_svg(svg: str, size: int) -> QImage:
    """Return a drawing as a square image with that many pixels at each side."""
    return _drawings(svg, (size,))[0]


def _drawings(svg: str, sizes: Iterable[int]) -> list[QImage]:
    # Read once for all sizes: that costs as much as drawing a few of them.
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    images = []
    for size in sizes:
        image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        images.append(image)
    return images
