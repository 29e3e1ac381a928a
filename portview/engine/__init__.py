"""Errands and the tick: the floor on which Qt starts. QtCore only.

PySide6 puts a function in the place of ``import`` that looks for a word in the source of every
module imported from then on, in case one says ``from __feature__ import``, as none of PortView's
does and none that it uses. In a window that starts those are some two hundred sources, and for the
packaged program as many files that are looked for in vain. So what was there before is put back,
which PySide6 keeps for itself; one that keeps nothing is left as it is.
"""

from __future__ import annotations

import builtins

import PySide6.QtCore  # noqa: F401 - puts the function there

builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
