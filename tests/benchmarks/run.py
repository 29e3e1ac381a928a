"""Run benchmarks: ``python dev.py bench [NAME ...] [--json]``.

A benchmark is a file ``bench_*.py`` in this folder with a ``NAME``, ``IS_LONG`` (then it runs only
when named) and ``run(options) -> Report``. Each ends by itself, also on Ctrl+C, and leaves nothing.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.benchmarks.machine import describe_machine, load_average  # noqa: E402
from tests.benchmarks.options import Options  # noqa: E402

if TYPE_CHECKING:
    from types import ModuleType

_EXIT_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run the named benchmarks, or all that are not long, and print what they found."""
    benches = _benches()
    asked = _parser(benches).parse_args(arguments)
    unknown = [name for name in asked.names if name not in benches]
    if unknown:
        sys.stderr.write(f"No such benchmark: {', '.join(unknown)}. Try --help.\n")
        return 2
    options = Options(tuple(asked.sizes), asked.churn, asked.rounds, asked.minutes)
    names = asked.names or [name for name, bench in benches.items() if not bench.IS_LONG]
    reports = {}
    try:
        for name in names:
            sys.stderr.write(f"{name}: {benches[name].__doc__.splitlines()[0]}\n")
            reports[name] = benches[name].run(options)
            if not asked.json:
                sys.stdout.write(f"{reports[name].as_text()}\n\n")
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return _EXIT_INTERRUPTED
    machine = f"{describe_machine()}; load average {load_average()}"
    if asked.json:
        document = {
            "machine": machine,
            "reports": {name: report.as_document() for name, report in reports.items()},
        }
        sys.stdout.write(f"{json.dumps(document, indent=2)}\n")
    else:
        sys.stdout.write(f"Machine: {machine}\n")
    return 0


def _benches() -> dict[str, ModuleType]:
    found = sorted(Path(__file__).parent.glob("bench_*.py"))
    modules = [importlib.import_module(f"tests.benchmarks.{path.stem}") for path in found]
    return {module.NAME: module for module in modules}


def _parser(benches: dict[str, ModuleType]) -> argparse.ArgumentParser:
    about = "\n".join(
        f"  {name}: {(bench.__doc__ or '').splitlines()[0]}{' (long)' if bench.IS_LONG else ''}"
        for name, bench in benches.items()
    )
    parser = argparse.ArgumentParser(
        prog="bench",
        description=f"Run benchmarks:\n{about}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all that are not long")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--sizes", type=_sizes, default=[300, 3_000, 36_000], metavar="N,N")
    parser.add_argument("--churn", type=float, default=1.0, metavar="PERCENT", help="for each tick")
    parser.add_argument("--rounds", type=int, default=11, metavar="N", help="medians are of these")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long endurance lasts")
    return parser


def _sizes(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    raise SystemExit(main())
