"""Stand-ins for the fonts of Windows, so that a picture shows text as wide and as legible as there.

Wine can be told to take one font for another, but Qt asks DirectWrite, which doesn't listen: the
free font has to have the name itself. It gets it in the bench only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .icon_font import to_truetype
from .truetype import renamed

if TYPE_CHECKING:
    from pathlib import Path

_STYLES: Final = ("Regular", "Italic", "Bold", "Bold Italic")
_STAND_INS: Final = {
    "Arial": ("liberation/LiberationSans", ("-Regular", "-Italic", "-Bold", "-BoldItalic")),
    "Consolas": ("dejavu/DejaVuSansMono", ("", "-Oblique", "-Bold", "-BoldOblique")),
    "Courier New": ("liberation/LiberationMono", ("-Regular", "-Italic", "-Bold", "-BoldItalic")),
    "Segoe UI": ("open-sans/OpenSans", ("-Regular", "-Italic", "-Bold", "-BoldItalic")),
    "Segoe UI Semibold": ("open-sans/OpenSans", ("-Semibold", "-SemiboldItalic")),
}
_ICONS: Final = ("Segoe Fluent Icons", "Segoe MDL2 Assets")


def install_stand_ins(root: Path) -> None:
    """Put the fonts where Wine will find them in a Debian root that has the free ones."""
    place = root / "usr" / "local" / "share" / "fonts"
    place.mkdir(parents=True, exist_ok=True)
    for family in _ICONS:
        (place / f"{family}.ttf").write_bytes(to_truetype(family))
    for family, (stem, suffixes) in _STAND_INS.items():
        for style, suffix in zip(_STYLES, suffixes, strict=False):
            original = root / "usr" / "share" / "fonts" / "truetype" / f"{stem}{suffix}.ttf"
            font = renamed(original.read_bytes(), family, style)
            (place / f"{family} {style}.ttf").write_bytes(font)
