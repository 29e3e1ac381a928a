"""The built program, and a stand-in for netsh that prints as on Windows in other languages.

The program has UTF-8 as its active code page, so that only the built one shows whether it knows in
which one netsh prints. The stand-in takes the place of Windows' own netsh.exe, which is possible on
the bench alone: it is Python under that name, and "http" and "interface" are its scripts.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from windows_program.smoke.console import document
from windows_program.smoke.findings import expect, told
from windows_program.smoke.netsh_texts import LANGUAGES, service_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NLS: Final = r"SYSTEM\CurrentControlSet\Control\Nls\CodePage"
_OVERRIDES: Final = r"Software\Wine\DllOverrides"
_PORT: Final = 8080
_LIBRARIES: Final = ("python311.dll", "vcruntime140.dll")
_SCRIPT: Final = """
import sys
with open(sys.argv[0] + ".bytes", "rb") as file:
    sys.stdout.buffer.write(file.read() if "servicestate" in sys.argv else b"")
"""


def check_code_pages(program: Path, environment: Mapping[str, str]) -> None:
    """Have the program read what netsh prints in each code page."""
    with _stand_in() as folder:
        for page, language in LANGUAGES.items():
            text = service_state(page, _PORT, os.getpid())
            (folder / "http.bytes").write_bytes(text.encode(f"cp{page}"))
            with _system_code_page(page):
                asked = ["selftest", "--section", "netsh"]
                record = document(program, asked, environment)
            netsh = record["sections"]["netsh"]["data"]
            read = netsh["service_state"]["read"]
            message = f"in code page {page} (read as {netsh['code_page']}) netsh gave {read}"
            expect(len(read) == 1, message)
            expect(read[0]["pids"] == [os.getpid()], message)
            expect(read[0]["queue"] == language.queue_name, message)
    told(f"netsh is understood in the code pages {', '.join(map(str, LANGUAGES))}")


@contextlib.contextmanager
def _stand_in() -> Iterator[Path]:
    """Put Python in the place of netsh.exe, and everything back in the end."""
    folder = Path(os.environ["SYSTEMROOT"], "System32")
    netsh, aside = folder / "netsh.exe", folder / "netsh.aside"
    home = Path(sys.base_prefix)
    made = [folder / name for name in ("http", "interface", "netsh._pth", "http.bytes")]
    made += [folder / name for name in _LIBRARIES if not (folder / name).exists()]
    registry: Any = importlib.import_module("winreg")
    # Else Wine runs its own program of this name, whatever the file is.
    overrides = registry.CreateKey(registry.HKEY_CURRENT_USER, _OVERRIDES)
    registry.SetValueEx(overrides, "netsh.exe", 0, registry.REG_SZ, "native")
    netsh.rename(aside)
    try:
        shutil.copyfile(sys.executable, netsh)
        for name in _LIBRARIES:
            if folder / name in made:
                shutil.copyfile(home / name, folder / name)
        (folder / "netsh._pth").write_text(f"{home / 'Lib'}\n{home / 'DLLs'}\n", "utf-8")
        for name in ("http", "interface"):
            (folder / name).write_text(_SCRIPT, "utf-8")
        yield folder
    finally:
        for file in (*made, netsh):
            file.unlink(missing_ok=True)
        aside.rename(netsh)
        registry.DeleteValue(overrides, "netsh.exe")
        overrides.Close()


@contextlib.contextmanager
def _system_code_page(page: int) -> Iterator[None]:
    registry: Any = importlib.import_module("winreg")
    access = registry.KEY_READ | registry.KEY_WRITE
    with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, _NLS, 0, access) as key:
        before = registry.QueryValueEx(key, "OEMCP")
        registry.SetValueEx(key, "OEMCP", 0, registry.REG_SZ, str(page))
        try:
            yield
        finally:
            registry.SetValueEx(key, "OEMCP", 0, before[1], before[0])
