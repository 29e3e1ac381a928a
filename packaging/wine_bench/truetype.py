"""Take TrueType fonts apart and put them together, to give a font another name.

The file format is https://learn.microsoft.com/typography/opentype/spec/.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIRECTORY: Final = struct.Struct(">IHHHH")
_ENTRY: Final = struct.Struct(">4sIII")
_VERSION: Final = 0x10000
_WINDOWS_UNICODE: Final = (3, 1, 0x409)


def read_tables(font: bytes) -> dict[bytes, bytes]:
    """Give the tables of a font by their tags; collections of fonts are not understood."""
    count = _DIRECTORY.unpack_from(font)[1]
    entries = (_ENTRY.unpack_from(font, _DIRECTORY.size + n * _ENTRY.size) for n in range(count))
    return {tag: font[offset : offset + length] for tag, _, offset, length in entries}


def assemble(tables: Mapping[bytes, bytes]) -> bytes:
    """Write the file that holds some tables."""
    count = len(tables)
    power = 2 ** int(math.log2(count))
    sizes = (count, 16 * power, int(math.log2(power)), 16 * (count - power))
    directory, body = _DIRECTORY.pack(_VERSION, *sizes), b""
    start = _DIRECTORY.size + count * _ENTRY.size
    for tag in sorted(tables):
        data = tables[tag]
        padded = data + b"\0" * (-len(data) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory += _ENTRY.pack(tag, checksum, start + len(body), len(data))
        body += padded
    return directory + body


def name_table(family: str, style: str = "Regular") -> bytes:
    """Write the table of names for one of the four styles that a family can have."""
    full = family if style == "Regular" else f"{family} {style}"
    postscript = full.replace(" ", "")
    texts = {1: family, 2: style, 3: full, 4: full, 5: "Version 1.0", 6: postscript}
    records, strings = b"", b""
    for number, text in texts.items():
        encoded = text.encode("utf-16-be")
        records += struct.pack(">6H", *_WINDOWS_UNICODE, number, len(encoded), len(strings))
        strings += encoded
    return struct.pack(">HHH", 0, len(texts), 6 + len(records)) + records + strings


def renamed(font: bytes, family: str, style: str = "Regular") -> bytes:
    """Give the same font under another name, and without the signature of its maker."""
    tables = read_tables(font)
    tables.pop(b"DSIG", None)
    tables[b"name"] = name_table(family, style)
    return assemble(tables)
