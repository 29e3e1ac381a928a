"""Which language a person reads: by an option, the environment, the settings or the system.

The window asks Qt for the system's languages (``portview.ui.language``); commands ask here.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from portview.i18n import has_language, use_language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LANGUAGE_OPTION = "--lang"
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Those of POSIX, the strongest first; ``LANGUAGE``, a list, goes before them where one is set."""
_NO_LANGUAGE = frozenset({"C", "POSIX"})
_ALL_IN_ENGLISH = frozenset({"--json", "--csv"})
"""What makes the output a document for programs, whose sentences are to be the same everywhere."""
_MUI_LANGUAGE_NAME = 8


def split_language(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the language that an option asks for, "" for none, and the other arguments.

    The option may stand anywhere before a ``--``, as ``--lang zh_CN`` or ``--lang=zh_CN``.
    """
    rest, language = list(arguments), ""
    end = rest.index("--") if "--" in rest else len(rest)
    for place, argument in enumerate(rest[:end]):
        name, equals, value = argument.partition("=")
        if name != LANGUAGE_OPTION:
            continue
        if equals:
            language = value
            del rest[place]
        elif place + 1 < end:
            language = rest[place + 1]
            del rest[place : place + 2]
        else:
            continue
        break
    return language, rest


def use_language_of_command(
    arguments: Sequence[str], asked: str, of_settings: Callable[[], str]
) -> str:
    """Use the language in which a command is to answer, and return it.

    What is for programs is always English. ``of_settings`` is called only where nothing else names
    a language.
    """
    if _ALL_IN_ENGLISH & set(arguments):
        return use_language("en")
    return use_language(asked or _first(_wanted(of_settings)))


def _wanted(of_settings: Callable[[], str]) -> Iterator[str]:
    of_variables = list(languages_of_environment(os.environ))
    yield from of_variables
    if of_variables:
        return
    chosen = of_settings()
    if chosen != "system":
        yield chosen
    yield from languages_of_windows()


def _first(languages: Iterator[str]) -> str:
    """Return the first language that there is; English where there is none of them."""
    return next(filter(has_language, languages), "en")


def languages_of_environment(environment: os._Environ[str] | dict[str, str]) -> Iterator[str]:
    """Yield the languages that variables name, the most wanted first; nothing where none is set.

    As gettext reads them: ``LANGUAGE`` counts only beside a locale that is not "C".
    """
    locale = next(filter(None, map(environment.get, _VARIABLES)), "")
    if not locale:
        return
    if locale.partition(".")[0] in _NO_LANGUAGE:
        yield "en"
        return
    yield from filter(None, (environment.get("LANGUAGE") or "").split(":"))
    yield locale


def languages_of_windows() -> list[str]:
    """Return the languages of Windows' own texts, such as "zh-CN"; empty elsewhere."""
    if sys.platform != "win32":
        return []
    import ctypes  # noqa: PLC0415 - Windows only
    from ctypes import wintypes  # noqa: PLC0415 - likewise

    from portview.readers.windows.dll import load_library  # noqa: PLC0415 - likewise

    count, size = wintypes.ULONG(), wintypes.ULONG()
    read = load_library("kernel32.dll").GetUserPreferredUILanguages
    if not read(_MUI_LANGUAGE_NAME, ctypes.byref(count), None, ctypes.byref(size)):
        return []
    buffer = ctypes.create_unicode_buffer(size.value)
    if not read(_MUI_LANGUAGE_NAME, ctypes.byref(count), buffer, ctypes.byref(size)):
        return []
    return [name for name in buffer[: size.value].split("\0") if name]
