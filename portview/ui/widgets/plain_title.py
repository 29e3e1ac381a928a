"""The title of a menu's entry or a button, without the letter that stands for it."""

from __future__ import annotations

import re

_IN_PARENTHESES = re.compile(r"\(&[^&\s]\)")
"""How Chinese writes the letter: behind the title, as in "文件(&F)"."""


def plain_title(text: str) -> str:
    """Return a title as people read it: "&Export…" and "导出(&E)…" without their letters."""
    bare = _IN_PARENTHESES.sub("", text)
    return bare.replace("&&", "\0").replace("&", "").replace("\0", "&")
