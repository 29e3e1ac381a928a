"""The manifest of a Java archive, from its beginning, where the tools that write archives put it.

JAR File Specification, "JAR Manifest": main attributes, lines of at most 72 bytes that go on in the
next one behind a space. The archive is anybody's file: what is read of it is bounded.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = b"META-INF/MANIFEST.MF"
_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")  # APPNOTE.TXT of ZIP, 4.3.7
_SIGNATURE = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_MOST_ENTRIES = 4
_MOST_BYTES = 64 * 1024
_LONGEST_VALUE = 200


def main_attributes(beginning: bytes) -> Mapping[str, str]:
    """Return the main attributes of an archive's manifest; none where it can't be read. Pure."""
    place = 0
    for _ in range(_MOST_ENTRIES):
        header = beginning[place : place + _LOCAL_HEADER.size]
        if len(header) < _LOCAL_HEADER.size or not header.startswith(_SIGNATURE):
            return {}
        fields = _LOCAL_HEADER.unpack(header)
        method, packed, name_length, extra_length = fields[3], fields[7], fields[9], fields[10]
        start = place + _LOCAL_HEADER.size
        name = beginning[start : start + name_length]
        start += name_length + extra_length
        if name.upper() == _NAME:
            return _attributes(_unpacked(beginning[start:], method, packed))
        place = start + packed
    return {}


def _unpacked(data: bytes, method: int, size: int) -> bytes:
    if method == _STORED:
        return data[: min(size, _MOST_BYTES)]
    if method != _DEFLATED:
        return b""
    try:
        # The size may stand behind the data only; the stream itself says where it ends.
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _MOST_BYTES)
    except zlib.error:
        return b""


def _attributes(manifest: bytes) -> Mapping[str, str]:
    text = manifest.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    main = text.partition("\n\n")[0].replace("\n ", "")
    found: dict[str, str] = {}
    for line in main.split("\n"):
        name, colon, value = line.partition(": ")
        if colon and value.strip():
            found.setdefault(name.lower(), value.strip()[:_LONGEST_VALUE])
    return found
