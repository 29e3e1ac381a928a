"""Write an icon file: PNG images of several sizes in one .ico.

The format is ICONDIR, one ICONDIRENTRY per image, then the images; since Windows Vista an image may
be a whole PNG file (https://learn.microsoft.com/windows/win32/menurc/resource-file-formats).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ICON_SIZES: Final = (16, 20, 24, 32, 40, 48, 64, 96, 128, 256)
"""What Windows asks for at 100 to 200 %, and the largest that the format can hold."""

_HEADER: Final = struct.Struct("<HHH")
_ENTRY: Final = struct.Struct("<BBBBHHII")
_IS_ICON: Final = 1
_PNG_START: Final = b"\x89PNG\r\n\x1a\n"
_LARGEST: Final = 256


def ico_bytes(images: Mapping[int, bytes]) -> bytes:
    """Return an icon file of square PNG files, given by their size in pixels.

    Raises ValueError for a size that the format can't hold and for what is no PNG.
    """
    for size, png in images.items():
        if not 0 < size <= _LARGEST:
            raise ValueError(f"an icon can't hold an image of {size} pixels")
        if not png.startswith(_PNG_START):
            raise ValueError(f"the image of {size} pixels is no PNG")
    sizes = sorted(images)
    parts = [_HEADER.pack(0, _IS_ICON, len(sizes))]
    offset = _HEADER.size + _ENTRY.size * len(sizes)
    for size in sizes:
        # One byte: 256 is written as 0.
        edge = size % _LARGEST
        length = len(images[size])
        parts.append(_ENTRY.pack(edge, edge, 0, 0, 1, 32, length, offset))
        offset += length
    return b"".join([*parts, *(images[size] for size in sizes)])
