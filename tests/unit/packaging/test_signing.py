"""How a file is signed is the publisher's to say; whether it was is looked at."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from windows_program.signing import (
    SIGN_VARIABLE,
    SigningError,
    is_signed,
    sign,
    sign_command,
    signed_file,
)


def program(*, signature: tuple[int, int], magic: int = 0x20B) -> bytes:
    """Return the beginning of a program file, as far as the directory of signatures."""
    at = 0x80
    content = bytearray(0x200)
    content[:2] = b"MZ"
    struct.pack_into("<I", content, 0x3C, at)
    content[at : at + 4] = b"PE\0\0"
    struct.pack_into("<H", content, at + 24, magic)
    directories = at + 24 + (112 if magic == 0x20B else 96)
    struct.pack_into("<II", content, directories + 8 * 4, *signature)
    return bytes(content)


@pytest.mark.parametrize("magic", [0x20B, 0x10B])
def test_a_signature_is_seen_where_the_format_has_it(magic: int) -> None:
    assert is_signed(program(signature=(0x1000, 0x800), magic=magic))
    assert not is_signed(program(signature=(0, 0), magic=magic))


def test_without_a_command_nothing_is_signed() -> None:
    assert sign_command(Path("a.exe"), {}) is None
    assert sign_command(Path("a.exe"), {SIGN_VARIABLE: "  "}) is None


def test_the_file_is_one_argument_whatever_its_name() -> None:
    line = 'signtool sign /n "The Publisher" {file}'
    file = Path("a; rm -rf $HOME.exe")
    wanted = ["signtool", "sign", "/n", "The Publisher", str(file)]
    for is_windows in (False, True):
        assert sign_command(file, {SIGN_VARIABLE: line}, is_windows=is_windows) == wanted


def test_backslashes_of_windows_paths_are_kept() -> None:
    line = r'"C:\Program Files\kit\signtool.exe" sign /f C:\keys\a.pfx {file}'
    command = sign_command(Path("a.exe"), {SIGN_VARIABLE: line}, is_windows=True)
    assert command is not None
    assert command[0] == r"C:\Program Files\kit\signtool.exe"
    assert command[3] == r"C:\keys\a.pfx"


def test_a_command_without_a_place_for_the_file_is_refused() -> None:
    with pytest.raises(SigningError, match="file"):
        sign_command(Path("a.exe"), {SIGN_VARIABLE: "signtool sign"})


@pytest.mark.parametrize("signature", [(0x1000, 0x800), (0, 0)])
def test_only_a_file_that_is_signed_afterwards_counts_as_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signature: tuple[int, int]
) -> None:
    file, signed = tmp_path / "a.exe", tmp_path / "signed.bin"
    file.write_bytes(program(signature=(0, 0)))
    signed.write_bytes(program(signature=signature))
    script = tmp_path / "signer.py"
    script.write_text("import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])", "utf-8")
    line = f'"{sys.executable}" "{script}" "{signed}" {{file}}'
    monkeypatch.setenv(SIGN_VARIABLE, line)
    if signature[0]:
        assert sign(file)
    else:
        with pytest.raises(SigningError, match="was not signed"):
            sign(file)


def test_a_command_may_write_the_signed_file_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, signed = tmp_path / "a {signed}.exe", tmp_path / "signed.bin"
    file.write_bytes(program(signature=(0, 0)))
    signed.write_bytes(program(signature=(0x1000, 8)))
    script = tmp_path / "signer.py"
    script.write_text("import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[3])", "utf-8")
    line = f'"{sys.executable}" "{script}" "{signed}" {{file}} {{signed}}'
    monkeypatch.setenv(SIGN_VARIABLE, line)
    assert sign(file)
    assert is_signed(file.read_bytes())
    assert not signed_file(file).exists()


def test_a_signer_that_does_not_exist_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SIGN_VARIABLE, f"{tmp_path / 'nothing'} {{file}}")
    with pytest.raises(SigningError, match="could not be started"):
        sign(tmp_path / "a.exe")
