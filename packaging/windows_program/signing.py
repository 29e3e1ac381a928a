"""Sign programs with whatever the publisher has, if the environment says how.

PORTVIEW_SIGN_COMMAND is a command line with the word {file} in it, such as
``signtool sign /fd sha256 /n "The Publisher" {file}`` or
``osslsigncode sign -pkcs12 key.p12 -in {file} -out {signed}``. It signs that file in place, or
writes {signed}, which then takes its place. No shell looks at it. As a program,
``python signing.py FILE`` signs one file.
"""

from __future__ import annotations

import os
import re
import shlex
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGN_VARIABLE: Final = "PORTVIEW_SIGN_COMMAND"

_FILE_WORD, _SIGNED_WORD = "{file}", "{signed}"
_PLACE: Final = re.compile(r"\{(?:file|signed)\}")
_PE_OFFSET_AT: Final = 0x3C
_COFF_BYTES: Final = 24
_PE32_PLUS: Final = 0x20B
_SECURITY_DIRECTORY: Final = 4


class SigningError(Exception):
    """A file was not signed; the text says why."""


def sign_command(
    file: Path, environment: Mapping[str, str] = os.environ, *, is_windows: bool = os.name == "nt"
) -> list[str] | None:
    """Return the command that signs a file, None where none is configured.

    Raises SigningError for a command without a place for the file.
    """
    line = environment.get(SIGN_VARIABLE, "").strip()
    if not line:
        return None
    # In the paths of Windows a backslash is only that.
    words = shlex.split(line, posix=not is_windows)
    if is_windows:
        words = [word[1:-1] if word[:1] == word[-1:] == '"' else word for word in words]
    if not any(_FILE_WORD in word for word in words):
        raise SigningError(f"{SIGN_VARIABLE} has no {_FILE_WORD} in it.")
    places = {_FILE_WORD: str(file), _SIGNED_WORD: str(signed_file(file))}
    return [_PLACE.sub(lambda found: places[found[0]], word) for word in words]


def signed_file(file: Path) -> Path:
    """Return where a command may write what it has signed."""
    return file.with_name(f"{file.name}.signed")


def sign(file: Path) -> bool:
    """Sign a file if a command is configured, and look whether it is signed now.

    Returns whether it was signed; raises SigningError where that failed.
    """
    command = sign_command(file)
    if command is None:
        return False
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True)
    except OSError as error:
        raise SigningError(f"{command[0]} could not be started: {error.strerror}.") from error
    if not done.returncode and signed_file(file).exists():
        signed_file(file).replace(file)
    signed_file(file).unlink(missing_ok=True)
    if done.returncode or not is_signed(file.read_bytes()):
        said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
        raise SigningError(f"{file.name} was not signed (exit code {done.returncode}). {said}")
    return True


def is_signed(program: bytes) -> bool:
    """Tell whether a program file has an Authenticode signature; not whether it is a good one.

    The optional header's fifth data directory says where it is (the PE format).
    """
    start = struct.unpack_from("<I", program, _PE_OFFSET_AT)[0] + _COFF_BYTES
    is_plus = struct.unpack_from("<H", program, start)[0] == _PE32_PLUS
    directories = start + (112 if is_plus else 96)
    place, size = struct.unpack_from("<II", program, directories + 8 * _SECURITY_DIRECTORY)
    return bool(place and size)


if __name__ == "__main__":
    try:
        sign(Path(sys.argv[1]))
    except SigningError as problem:
        sys.exit(str(problem))
