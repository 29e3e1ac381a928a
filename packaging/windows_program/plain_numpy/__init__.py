"""numpy for the program, built from its locked sources without a library for linear algebra.

The wheel on PyPI carries OpenBLAS, 33 MB of a folder that is to stay below 90. PortView has numpy
for one plot alone, which adds and compares; numpy's own plain routines do for the rest of what it
offers (https://numpy.org/doc/2.0/building/blas_lapack.html). The tests keep the wheel from PyPI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wine_bench.lock import pins_for

if TYPE_CHECKING:
    from wine_bench.lock import Pin

MESON_OPTIONS: Final = (
    *("-Dblas=none", "-Dlapack=none", "-Dallow-noblas=true"),
    # What would make long arrays fast adds code; a plot has some hundred points.
    *("-Dcpu-dispatch=none", "-Doptimization=s"),
)
"""What both ways of building tell numpy's build (``meson_options.txt`` of its sources)."""


def numpy_pin(lock_text: str) -> Pin:
    """Return the numpy that a lock names for the Python that freezes.

    Its hashes hold one of its source archive too, as a universal lock has those of every file.
    """
    return next(pin for pin in pins_for(lock_text) if pin.name == "numpy")
