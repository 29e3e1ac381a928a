"""Titles without the letters that stand for them."""

from __future__ import annotations

import pytest

from portview.ui.widgets.plain_title import plain_title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&Export\u2026", "Export\u2026"),
        ("\u5bfc\u51fa(&E)\u2026", "\u5bfc\u51fa\u2026"),
        ("Black && white", "Black & white"),
        ("Save (&& more)", "Save (& more)"),
        ("Plain (text)", "Plain (text)"),
    ],
)
def test_the_letter_goes_and_the_rest_stays(text: str, expected: str) -> None:
    assert plain_title(text) == expected
