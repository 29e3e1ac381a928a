#!/usr/bin/env python3
"""The Windows bench: runs Windows programs, first of all the test suite, on a Linux machine.

It is CPython for Windows under Wine in a Debian root of its own, built once and kept in the user's
cache. It is Wine and not Windows: whoever shows results of it has to say so.

    python packaging/windows_bench.py build
    python packaging/windows_bench.py test -q
    python packaging/windows_bench.py run python -m pytest tests/unit
    python packaging/windows_bench.py shot window.png -m portview
    python packaging/windows_bench.py shell
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from wine_bench.cache import default_home, in_use, reserved_processor
from wine_bench.debian_root import SCREEN, WINE_ENVIRONMENT, ensure_debian_root
from wine_bench.errors import BenchError
from wine_bench.inside import NO_PICTURE
from wine_bench.shards import find_tests, run_shards, share_out
from wine_bench.visit import PictureOrder, Visit, enter
from wine_bench.windows_python import PYTHON_DIRECTORY, START_PROGRAM, ensure_windows_python

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Bench", "BenchError", "ensure_bench"]

_VARIABLE_PREFIX: Final = "BENCH_SET_"
_LOCK: Final = Path(__file__).with_name("requirements.lock")
_REPOSITORY: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Bench:
    """A bench that is built. Every run starts from the same fresh Windows and leaves no trace.

    Of what a run writes, only that below its `repository` stays; it finds it under the same path
    on drive Z:, and starts in it.
    """

    home: Path
    layers: tuple[Path, ...]

    def run(
        self,
        arguments: Sequence[str],
        *,
        repository: Path,
        environment: Mapping[str, str] | None = None,
        display: bool = True,
        own_network: bool = False,
        every_processor: bool = False,
        output: BinaryIO | None = None,
        errors: BinaryIO | None = None,
    ) -> int:
        """Run a Windows program and give its exit code.

        `environment` is what the program gets beyond Wine's own variables; nothing of this
        process's goes along. Output is passed on while it comes, to standard output and standard
        error unless told otherwise. `own_network` leaves a loopback that nobody else uses and no
        way out. An exit code above 255 is cut to its low byte, but never to 0, and told on stderr.

        A run keeps to one processor, a different one for each run at the same time: nearly every
        call of Windows code waits for Wine's server, and waking it up on another processor takes
        longer than what it does. `every_processor` is for programs that compute in parallel.
        """
        visit = self._visit(arguments, repository, environment, SCREEN if display else None)
        with contextlib.ExitStack() as held:
            held.enter_context(in_use(self.layers))
            if not every_processor:
                processors = held.enter_context(reserved_processor(self.home))
                visit = replace(visit, processors=processors)
            return enter(visit, output=output, errors=errors, has_own_network=own_network)

    def python(
        self,
        arguments: Sequence[str],
        *,
        repository: Path,
        environment: Mapping[str, str] | None = None,
        display: bool = True,
        own_network: bool = False,
        every_processor: bool = False,
        output: BinaryIO | None = None,
        errors: BinaryIO | None = None,
    ) -> int:
        """Run the bench's Python with `arguments`; for the rest see `run`."""
        return self.run(
            ["python", *arguments],
            repository=repository,
            environment=environment,
            display=display,
            own_network=own_network,
            every_processor=every_processor,
            output=output,
            errors=errors,
        )

    def pytest(
        self,
        options: Sequence[str],
        *,
        repository: Path,
        folders: Sequence[str] = ("tests",),
        environment: Mapping[str, str] | None = None,
        shards: int | None = None,
    ) -> int:
        """Run the tests below some folders in several benches at once and give the exit code.

        Each bench gets some of the files, a processor and a network of its own. What one prints is
        shown when it has ended. There are as many as processors unless `shards` says otherwise;
        with 1, output is live. `options` must name no tests; for that, use `python`.
        """
        wanted = shards or len(os.sched_getaffinity(0))
        lists = share_out(find_tests(repository, folders), wanted)

        def run(names: Sequence[str], stream: BinaryIO | None) -> int:
            return self.python(
                ["-m", "pytest", *options, *names],
                repository=repository,
                environment=environment,
                own_network=True,
                output=stream,
                errors=stream,
            )

        if len(lists) == 1:
            return run(lists[0], None)
        return run_shards(lists, run, sys.stdout.buffer)

    def shot(
        self,
        arguments: Sequence[str],
        picture: Path,
        *,
        repository: Path,
        environment: Mapping[str, str] | None = None,
        screen: tuple[int, int] = SCREEN,
        settle_s: float = 3.0,
        limit_s: float = 15.0,
        patience_s: float = 60.0,
        is_cropped: bool = True,
        own_network: bool = False,
    ) -> None:
        """Run the bench's Python with `arguments` and save a PNG of what it shows.

        The picture is taken when the screen was still for `settle_s`, or `limit_s` after something
        first appeared; then the program is ended. It is cut to the windows unless `is_cropped` is
        false. Raises BenchError when nothing appeared within `patience_s`.
        """
        order = PictureOrder(str(picture.resolve()), settle_s, limit_s, patience_s, is_cropped)
        visit = self._visit(["python", *arguments], repository, environment, screen, order)
        with in_use(self.layers):
            code = enter(visit, has_own_network=own_network)
        if code == NO_PICTURE:
            raise BenchError(f"The program showed nothing; the wait ends after {patience_s:g} s.")
        if code:
            raise BenchError(f"The program ended with exit code {code} before it showed anything.")

    def shell(self, *, repository: Path) -> int:
        """Open a shell of the Debian root at the terminal; `wine` is set up in it."""
        visit = self._visit([], repository, {}, SCREEN, command=("bash", "--norc"))
        with in_use(self.layers):
            return enter(visit, is_interactive=True)

    def _visit(
        self,
        arguments: Sequence[str],
        repository: Path,
        environment: Mapping[str, str] | None,
        screen: tuple[int, int] | None,
        picture: PictureOrder | None = None,
        *,
        command: tuple[str, ...] = (),
    ) -> Visit:
        asked = {"PYTHONDONTWRITEBYTECODE": "1", **(environment or {})}
        place = str(repository.resolve())
        return Visit(
            home=str(self.home),
            layers=tuple(f"{layer.name}/root" for layer in self.layers),
            command=command or ("wine", START_PROGRAM, *_with_full_name(arguments)),
            directory=place,
            binds=((place, place),),
            environment={
                **WINE_ENVIRONMENT,
                **{f"{_VARIABLE_PREFIX}{name}": value for name, value in asked.items()},
            },
            screen=screen,
            picture=picture,
        )


def ensure_bench(
    lock: Path,
    report: Callable[[str], None],
    *,
    extra_locks: Sequence[Path] = (),
    pip: Sequence[str] | None = None,
    home: Path | None = None,
    own_wheels: Callable[[Path, Path], Mapping[str, Path]] | None = None,
) -> Bench:
    """Give the bench for a lock, built first where it is missing or its recipe has changed.

    `report` gets one line before each step that takes time. `pip` is the command that downloads
    wheels, such as `[python, "-m", "pip"]`. `own_wheels` gives wheels in place of some that the
    lock names, by their names; it is told where the cache and the Debian root are. Raises
    BenchError, whose text says what to do.
    """
    place = home or default_home()
    (place / "scratch").mkdir(parents=True, exist_ok=True)
    system = ensure_debian_root(place, report)
    own = own_wheels(place, system) if own_wheels else {}
    locks = (lock, *extra_locks)
    python = ensure_windows_python(place, system, locks, report, pip, own_wheels=own)
    return Bench(place, (system, python))


def _with_full_name(arguments: Sequence[str]) -> tuple[str, ...]:
    if arguments and arguments[0] in {"python", "pythonw"}:
        return (f"{PYTHON_DIRECTORY}\\{arguments[0]}.exe", *arguments[1:])
    return tuple(arguments)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="windows_bench.py", description="Run Windows programs of this project on Linux."
    )
    parser.add_argument(
        "--repository",
        type=Path,
        default=_REPOSITORY,
        help="the directory to work in (default: the one that holds this script)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="variables",
        help="an environment variable for the program; can be given more than once",
    )
    parser.add_argument(
        "--own-network",
        action="store_true",
        help="a loopback that nobody else uses, and no way out",
    )
    parser.add_argument(
        "--every-processor", action="store_true", help="do not keep to one processor"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build", help="build the bench where it is missing")
    verbs.add_parser("shell", help="open a shell in the Debian root")
    for verb, text in (
        ("run", "run a Windows program, such as `python -m pytest tests/unit`"),
        ("test", "run every test, in several benches at once; takes options of pytest"),
        ("shot", "run Python and save a picture of what it shows: FILE.png ARGUMENT..."),
    ):
        # No argument is an option of ours: all of them go on to the program.
        sub = verbs.add_parser(verb, help=text, add_help=False, prefix_chars="\0")
        if verb == "shot":
            sub.add_argument("picture", type=Path)
        sub.add_argument("arguments", nargs="*", metavar="ARGUMENT")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks for and give the exit code."""
    asked = _parse(arguments)
    environment = dict(variable.partition("=")[::2] for variable in asked.variables)
    bench = ensure_bench(_LOCK, lambda line: print(f"bench: {line} ...", file=sys.stderr))
    if asked.verb == "run":
        return bench.run(
            asked.arguments,
            repository=asked.repository,
            environment=environment,
            own_network=asked.own_network,
            every_processor=asked.every_processor,
        )
    if asked.verb == "test":
        return bench.pytest(asked.arguments, repository=asked.repository, environment=environment)
    if asked.verb == "shot":
        bench.shot(
            asked.arguments,
            asked.picture,
            repository=asked.repository,
            environment=environment,
            own_network=asked.own_network,
        )
    if asked.verb == "shell":
        return bench.shell(repository=asked.repository)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchError as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
