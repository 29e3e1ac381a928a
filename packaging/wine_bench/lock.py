"""Read the hashed lock and keep what a given Python would install.

The lock is written in the format of pip's requirements files. Only what a universal lock contains
is understood: `name==version`, an environment marker and `--hash` options
(https://packaging.python.org/en/latest/specifications/dependency-specifiers/).
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WINDOWS_PYTHON: Final[Mapping[str, str]] = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.9",
    "os_name": "nt",
    "platform_machine": "AMD64",
    "platform_python_implementation": "CPython",
    "platform_release": "11",
    "platform_system": "Windows",
    "platform_version": "10.0.22000",
    "python_full_version": "3.11.9",
    "python_version": "3.11",
    "sys_platform": "win32",
}
"""The marker variables of the Python that the bench runs."""

_VERSIONS: Final = frozenset({"implementation_version", "python_full_version", "python_version"})
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<mark>[()])
    |(?P<compare>===?|~=|!=|<=|>=|<|>|\bnot\s+in\b|\bin\b)
    |(?P<join>\band\b|\bor\b)
    |"(?P<double>[^"]*)"|'(?P<single>[^']*)'
    |(?P<name>[A-Za-z_]\w*))""",
    re.VERBOSE,
)
_REQUIREMENT: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*==\s*(?P<version>[^\s;]+)\s*(?:;\s*(?P<marker>.*))?"
)
_HASH: Final = re.compile(r"hash[=\s]sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package at one version, with every sha256 that the lock allows for its files."""

    name: str
    version: str
    hashes: frozenset[str]
    marker: str = ""

    def requirement(self) -> str:
        """Give the line that pip reads; the marker is left out, as it was decided already."""
        hashes = "".join(f" --hash=sha256:{digest}" for digest in sorted(self.hashes))
        return f"{self.name}=={self.version}{hashes}"


def parse_lock(text: str) -> tuple[Pin, ...]:
    """Give every pin of a lock in its order, whatever its marker says."""
    logical_lines = re.sub(r"\\\r?\n", " ", text).splitlines()
    stripped = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in logical_lines)
    return tuple(_parse_pin(line) for line in stripped if line and not line.startswith("-"))


def pins_for(text: str, environment: Mapping[str, str] = WINDOWS_PYTHON) -> tuple[Pin, ...]:
    """Give the pins of a lock whose markers hold in `environment`."""
    return tuple(pin for pin in parse_lock(text) if marker_holds(pin.marker, environment))


def marker_holds(marker: str, environment: Mapping[str, str] = WINDOWS_PYTHON) -> bool:
    """Say whether an environment marker is true; the empty one always is."""
    if not marker.strip():
        return True
    reader = _MarkerReader(marker, environment)
    holds = reader.alternatives()
    reader.expect_end()
    return holds


def _parse_pin(line: str) -> Pin:
    requirement, *options = re.split(r"\s+--", line)
    match = _REQUIREMENT.fullmatch(requirement.strip())
    digests = [_HASH.fullmatch(option.strip()) for option in options]
    if match is None or not digests or not all(digests):
        message = f"the lock has a line that is not a pin with sha256 hashes: {requirement.strip()}"
        raise BenchError(message)
    return Pin(
        name=re.sub(r"[-_.]+", "-", match["name"]).lower(),
        version=match["version"],
        hashes=frozenset(digest[1] for digest in digests if digest),
        marker=(match["marker"] or "").strip(),
    )


class _MarkerReader:
    """A recursive-descent reader: `or` binds weakest, then `and`, then comparisons."""

    def __init__(self, marker: str, environment: Mapping[str, str]) -> None:
        self._marker = marker
        self._environment = environment
        self._tokens = self._tokenize()

    def alternatives(self) -> bool:
        holds = self._conjunction()
        while self._take("join", "or"):
            holds = self._conjunction() or holds
        return holds

    def expect_end(self) -> None:
        if self._tokens:
            raise self._mistake()

    def _conjunction(self) -> bool:
        holds = self._comparison()
        while self._take("join", "and"):
            holds = self._comparison() and holds
        return holds

    def _comparison(self) -> bool:
        if self._take("mark", "("):
            holds = self.alternatives()
            if not self._take("mark", ")"):
                raise self._mistake()
            return holds
        (left, left_name), sign, (right, right_name) = self._value(), self._sign(), self._value()
        is_version = bool(_VERSIONS & {left_name, right_name})
        return self._compare(left, sign, right, is_version=is_version)

    def _compare(self, left: str, sign: str, right: str, *, is_version: bool) -> bool:
        if sign in {"in", "not in"}:
            return (left in right) is (sign == "in")
        if sign not in _COMPARISONS:
            raise self._mistake()
        compare = _COMPARISONS[sign]
        return compare(_release(left), _release(right)) if is_version else compare(left, right)

    def _value(self) -> tuple[str, str | None]:
        if not self._tokens:
            raise self._mistake()
        kind, text = self._tokens.pop(0)
        if kind in {"single", "double"}:
            return text, None
        if kind == "name" and text in self._environment:
            return self._environment[text], text
        raise self._mistake()

    def _sign(self) -> str:
        if not self._tokens or self._tokens[0][0] != "compare":
            raise self._mistake()
        return " ".join(self._tokens.pop(0)[1].split())

    def _take(self, kind: str, text: str) -> bool:
        if self._tokens and self._tokens[0] == (kind, text):
            self._tokens.pop(0)
            return True
        return False

    def _tokenize(self) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        rest = self._marker.rstrip()
        while rest:
            match = _TOKEN.match(rest)
            if match is None or match.lastgroup is None:
                raise self._mistake()
            tokens.append((match.lastgroup, match[match.lastgroup]))
            rest = rest[match.end() :]
        return tokens

    def _mistake(self) -> BenchError:
        return BenchError(f"the lock has an environment marker that can't be read: {self._marker}")


def _release(version: str) -> tuple[int, ...]:
    # 3.11 and 3.11.0 are the same release, so trailing zeros must not decide a comparison.
    numbers = [int(part) for part in re.findall(r"\d+", version)]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
