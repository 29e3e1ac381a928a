"""Stands in for numpy's build backend while pip downloads the sources.

pip asks the backend of a source archive for metadata, even if it is only to download it; the real
one would configure a build for that. The archive holds the metadata ready-made (PEP 517, PEP 643).
"""

from __future__ import annotations

from email import message_from_bytes
from pathlib import Path


def prepare_metadata_for_build_wheel(directory: str, _settings: object = None) -> str:
    """Write the archive's own metadata where pip wants it; the archive is the current directory."""
    content = Path("PKG-INFO").read_bytes()
    fields = message_from_bytes(content)
    folder = Path(directory, f"{fields['Name']}-{fields['Version']}.dist-info")
    folder.mkdir()
    (folder / "METADATA").write_bytes(content)
    return folder.name
