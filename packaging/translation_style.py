"""How a translation has to be written, beyond meaning what the English text means.

For Chinese these are the rules of Microsoft's style guide for zh-CN that a program can check:
punctuation of full width, a space between Chinese and Latin, and letters for the keyboard in
brackets, as ``打开(&O)…``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MNEMONIC = re.compile(r"(?<!&)&([A-Za-z0-9])")
_CHINESE_MNEMONIC = re.compile(r"\(&[A-Z0-9]\)(?:…|\uff1a)?$")
_HAN = r"[\u3400-\u4dbf\u4e00-\u9fff]"
_HALF_WIDTH = re.compile(rf"{_HAN}[,;:!?](?!//)|[,;!?]{_HAN}|{_HAN}\.(?:\s|$)|{_HAN}\(|\){_HAN}")
_NO_SPACE = re.compile(rf"{_HAN}[A-Za-z0-9]|[A-Za-z0-9]{_HAN}")
_WIDE = "，。；：？！、（）“”"
_STRAY_SPACE = re.compile(rf"{_HAN} {_HAN}|[{_WIDE}] | [{_WIDE}]")
_PERCENT = re.compile(r"%(?:\(\w+\))?[srd]")
_TAG = re.compile(r"</?[a-z][^<>]*>")


def style_faults(language: str, english: str, text: str) -> Iterator[str]:
    """Yield what is wrong with how a translation is written."""
    if english.rstrip().endswith("…") != text.rstrip().endswith("…"):
        yield "… at the end of one alone"
    if sorted(_TAG.findall(english)) != sorted(_TAG.findall(text)):
        yield "other tags"
    if sorted(_PERCENT.findall(english)) != sorted(_PERCENT.findall(text)):
        yield "other fields"
    if bool(_MNEMONIC.search(english)) != bool(_MNEMONIC.search(text)):
        yield "a letter for the keyboard in one alone"
    if language == "zh_CN":
        yield from _chinese_faults(text)


def _chinese_faults(text: str) -> Iterator[str]:
    if _MNEMONIC.search(text) and not _CHINESE_MNEMONIC.search(text):
        yield "the letter for the keyboard is not at the end as (&X)"
    plain = _TAG.sub("", re.sub(r"\(&[A-Z0-9]\)", "", text))
    for pattern, what in (
        (_HALF_WIDTH, "punctuation of half width beside Chinese"),
        (_NO_SPACE, "no space between Chinese and Latin"),
        (_STRAY_SPACE, "a space where Chinese has none"),
    ):
        if match := pattern.search(plain):
            yield f"{what}, at {match[0]!r}"
