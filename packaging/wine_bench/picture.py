"""Turn the frame buffer of an Xvfb into a PNG file.

Xvfb keeps its screen in a file of the X Window Dump format (`-fbdir`), so that no program has to
run on the display to take a picture of it (X11/XWDFile.h; https://www.w3.org/TR/png-3/).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

_XWD_HEADER: Final = struct.Struct(">25I")
_XWD_COLOUR_BYTES: Final = 12
_BYTES_PER_PIXEL: Final = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels in rows from the top, each as the four bytes blue, green, red and unused."""

    width: int
    height: int
    pixels: bytes

    def row(self, number: int) -> bytes:
        """Give the pixels of one row."""
        stride = self.width * _BYTES_PER_PIXEL
        return self.pixels[number * stride : (number + 1) * stride]

    def cropped(self, left: int, top: int, right: int, bottom: int) -> Picture:
        """Give the part between two corners; `right` and `bottom` are just outside of it."""
        start, end = left * _BYTES_PER_PIXEL, right * _BYTES_PER_PIXEL
        rows = (self.row(number)[start:end] for number in range(top, bottom))
        return Picture(right - left, bottom - top, b"".join(rows))


def read_xwd(dump: bytes) -> Picture:
    """Read a 32 bits per pixel, least significant byte first dump, as Xvfb writes it on x86."""
    header = _XWD_HEADER.unpack_from(dump)
    header_bytes, width, height = header[0], header[4], header[5]
    bits_per_pixel, bytes_per_line, colours = header[11], header[12], header[19]
    if bits_per_pixel != 8 * _BYTES_PER_PIXEL:
        message = f"a frame buffer of {bits_per_pixel} bits per pixel"
        raise ValueError(message)
    start = header_bytes + colours * _XWD_COLOUR_BYTES
    lines = (start + number * bytes_per_line for number in range(height))
    pixels = b"".join(dump[line : line + width * _BYTES_PER_PIXEL] for line in lines)
    return Picture(width, height, pixels)


def difference_box(before: Picture, after: Picture) -> tuple[int, int, int, int] | None:
    """Give left, top, right and bottom of what changed between two pictures of one size."""
    rows = [n for n in range(after.height) if before.row(n) != after.row(n)]
    if not rows:
        return None
    left, right = after.width, 0
    for number in rows:
        old, new = before.row(number), after.row(number)
        changed = int.from_bytes(old, "big") ^ int.from_bytes(new, "big")
        lowest_bit = (changed & -changed).bit_length() - 1
        left = min(left, after.width - 1 - (changed.bit_length() - 1) // (8 * _BYTES_PER_PIXEL))
        right = max(right, after.width - lowest_bit // (8 * _BYTES_PER_PIXEL))
    return left, rows[0], right, rows[-1] + 1


def to_png(picture: Picture) -> bytes:
    """Write an 8-bit RGB PNG."""
    rows = bytearray()
    for number in range(picture.height):
        pixels = picture.row(number)
        rgb = bytearray(3 * picture.width)
        rgb[0::3], rgb[1::3], rgb[2::3] = pixels[2::4], pixels[1::4], pixels[0::4]
        rows += b"\0" + rgb
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
