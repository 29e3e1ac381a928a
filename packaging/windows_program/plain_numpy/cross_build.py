"""Build numpy for Windows on Linux, in the bench's Debian root with Debian's compiler."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from windows_program.plain_numpy import MESON_OPTIONS, numpy_pin
from windows_program.plain_numpy.sources import fetch_sources
from windows_program.plain_numpy.wheel import pack_wheel
from wine_bench.cache import ensure_layer, recipe_hash
from wine_bench.debian_root import WINE_ENVIRONMENT
from wine_bench.errors import BenchError
from wine_bench.step_log import logged
from wine_bench.visit import Visit
from wine_bench.windows_python import INTERPRETER, fetch_wheels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wine_bench.lock import Pin

_HERE: Final = Path(__file__).parent
_RECIPE: Final = _HERE / "recipe"
_PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy")
_CORE_LIBRARY: Final = "deploy_libs/python311.dll"


def ensure_numpy_wheel(
    home: Path,
    system: Path,
    lock: Path,
    report: Callable[[str], None],
    pip: Sequence[str],
) -> Path:
    """Give the wheel, built where the cache ``home`` has none of this lock and recipe.

    ``system`` is the bench's Debian root. A build takes about three minutes on two processors and
    needs the network. Raises BenchError.
    """
    pin = numpy_pin(lock.read_text("utf-8"))

    def build(unfinished: Path) -> None:
        report("building numpy without OpenBLAS (some minutes, once)")
        work = unfinished / "work"
        work.mkdir()
        shutil.copyfile(_fetch_sources(home, pin, pip), work / "sources.tar.gz")
        interpreter = fetch_wheels(home, [INTERPRETER], pip)[0]
        with zipfile.ZipFile(interpreter) as archive:
            (work / "python311.dll").write_bytes(archive.read(_CORE_LIBRARY))
        _visit(home, system, work)
        pack_wheel(work, unfinished, pin.version)
        shutil.rmtree(work)

    facts = (pin.requirement(), INTERPRETER.requirement(), *MESON_OPTIONS)
    key = recipe_hash(_recipe_files(), system.name, *facts)
    layer = ensure_layer(home, "numpy", key, build, report)
    return next(layer.glob("*.whl"))


def _recipe_files() -> list[Path]:
    files = [file for file in _RECIPE.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    return [*sorted(files), _HERE / "wheel.py"]


def _visit(home: Path, system: Path, work: Path) -> None:
    # Somebody may have emptied the downloads since the Debian root was made.
    debs = home / "downloads" / "debs"
    (debs / "partial").mkdir(parents=True, exist_ok=True)
    proxies = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    visit = Visit(
        home=str(home),
        layers=(f"{system.name}/root",),
        command=("sh", "/recipe/build.sh", *MESON_OPTIONS),
        binds=(
            (str(work), "/exchange"),
            (str(_RECIPE), "/recipe"),
            (str(debs), "/var/cache/apt/archives"),
        ),
        environment={**WINE_ENVIRONMENT, **proxies, "DEBIAN_FRONTEND": "noninteractive"},
    )
    with logged(home, "building numpy") as log:
        log.visit(visit)


def _fetch_sources(home: Path, pin: Pin, pip: Sequence[str]) -> Path:
    try:
        with logged(home, "pip download") as log:
            return fetch_sources(home / "downloads" / "sources", pin, pip, log.run)
    except LookupError as error:
        raise BenchError(str(error)) from error
