"""The icon file is read back by Qt, and by hand according to the format."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage, QImageReader

from portview.resources import resource_path
from portview.ui.style.icons import draw_svg
from windows_program.icon_file import ICON_SIZES, ico_bytes

if TYPE_CHECKING:
    from pathlib import Path


def png(size: int) -> bytes:
    svg = resource_path("icons", "portview.svg").read_text(encoding="utf-8")
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    draw_svg(svg, size).save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def test_every_size_is_in_the_file_and_shows_the_same_as_its_picture(tmp_path: Path) -> None:
    images = {size: png(size) for size in ICON_SIZES}
    file = tmp_path / "portview.ico"
    file.write_bytes(ico_bytes(images))
    reader = QImageReader(str(file))
    assert reader.imageCount() == len(ICON_SIZES)
    seen = {}
    for number in range(reader.imageCount()):
        assert reader.jumpToImage(number)
        image = reader.read()
        seen[image.width()] = image.convertToFormat(QImage.Format.Format_ARGB32)
    for size, content in images.items():
        wanted = QImage.fromData(content).convertToFormat(QImage.Format.Format_ARGB32)
        assert seen[size] == wanted


def test_the_largest_size_is_written_as_zero_and_images_follow_each_other() -> None:
    images = {16: png(16), 256: png(256)}
    content = ico_bytes(images)
    assert struct.unpack_from("<HHH", content) == (0, 1, 2)
    small, large = (struct.unpack_from("<BBBBHHII", content, 6 + 16 * n) for n in range(2))
    assert small[:2] == (16, 16)
    assert large[:2] == (0, 0)
    assert large[7] == small[7] + small[6]
    assert content[large[7] :] == images[256]


@pytest.mark.parametrize("size", [0, -1, 257])
def test_a_size_that_the_format_cannot_hold_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="pixels"):
        ico_bytes({size: png(16)})


def test_what_is_no_png_is_refused() -> None:
    with pytest.raises(ValueError, match="no PNG"):
        ico_bytes({16: b"BM"})
