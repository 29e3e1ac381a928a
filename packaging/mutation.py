"""Change the modules that decide, one small step at a time, and see whether a test notices.

Which modules those are, which tests each has to rely on, and which survivors are known with the
reason, is in ``tests/mutation.toml``. mutmut makes the changes and runs the tests, in a copy of
the project below ``build/mutation``. Sentences are left as they are: their words are no decision.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ROOT / "tests" / "mutation.toml"
SCRATCH = ROOT / "build" / "mutation"

WANTED_SHARE = 0.95
NOTICED = {1, 3, 24, 36, 37, 152, 255, -24, -11, -9}
"""Exit codes by which mutmut records a failed test, a time limit or a crash."""

UNCHANGED = [
    r"\b(_|N_|ngettext|pgettext)\(",
    r"^\s*f?\"[^\"]*\"[,)]*\s*$",
    r"raise AssertionError",
    r"\bcast\(",
    r"\b_?log(ger)?\.",
    r"\bsys\.platform\b",
    r"\b(read_text|decode|encode)\(",
]
"""Lines on which nothing is changed: sentences, also over several lines, types, the log, the
choice of the system and names of encodings."""


class Change(NamedTuple):
    """One changed line: the function that it is in, the line as it was and as it became."""

    function: str
    before: str
    after: str


class Result(NamedTuple):
    """What became of the changes to one module."""

    total: int
    survivors: tuple[Change, ...]


class MutationError(Exception):
    """Why a module could not be tested."""


def main() -> int:
    """Test the modules that are named, or all; return 0 where nothing new survived."""
    targets: dict[str, dict[str, Any]] = tomllib.loads(TARGETS.read_text("utf-8"))
    parser = argparse.ArgumentParser(prog="dev.py mutate", description=__doc__)
    parser.add_argument("module", nargs="*", help="such as portview.actions.free_port.plan")
    parser.add_argument("--list", action="store_true", help="list the modules that decide")
    parser.add_argument("--jobs", type=int, default=1, help="test that many changes at once")
    options = parser.parse_args()
    if options.list:
        print("\n".join(targets))
        return 0
    if unknown := set(options.module) - targets.keys():
        parser.error(f"not in {TARGETS.relative_to(ROOT)}: {', '.join(sorted(unknown))}")
    is_good = True
    for module in options.module or targets:
        try:
            result = mutate(module, targets[module]["tests"], jobs=options.jobs)
        except MutationError as error:
            print(f"{module}: {error}", file=sys.stderr)
            is_good = False
            continue
        is_good &= judge(module, result, targets[module].get("survivors", []))
    return 0 if is_good else 1


def judge(module: str, result: Result, known: list[dict[str, Any]]) -> bool:
    """Print what became of a module; return whether it is good enough.

    A change that alters nothing can't be noticed and does not count.
    """
    listed = {(one["function"], after): one for one in known for after in one["after"]}
    left = {(change.function, change.after): change for change in result.survivors}
    is_same = {key for key in left if listed.get(key, {}).get("alters_nothing", False)}
    counted = result.total - sum((one.function, one.after) in is_same for one in result.survivors)
    noticed = result.total - len(result.survivors)
    share = noticed / counted if counted else 1.0
    print(f"{module}: {noticed} of {counted} noticed ({share:.1%})")
    for key in left.keys() - listed.keys():
        change = left[key]
        print(f"  survived, and is not listed: in {change.function}")
        print(f"    - {change.before}\n    + {change.after}")
    for function, after in listed.keys() - left.keys():
        print(f"  is listed, but did not survive: in {function}\n    + {after}")
    return share >= WANTED_SHARE and left.keys() <= listed.keys()


def mutate(module: str, tests: list[str], *, jobs: int) -> Result:
    """Have mutmut change one module and run the tests on each change."""
    source = f"{module.replace('.', '/')}.py"
    folder = SCRATCH / module
    shutil.rmtree(folder, ignore_errors=True)
    _copy_project(folder)
    _configure(folder, source, tests)
    log = _run(folder, "-m", "mutmut", "run", "--max-children", str(jobs))
    (folder / "mutmut.log").write_text(log, encoding="utf-8")
    meta = folder / "mutants" / f"{source}.meta"
    codes: dict[str, int | None] = (
        json.loads(meta.read_text("utf-8"))["exit_code_by_key"] if meta.exists() else {}
    )
    if not codes or None in codes.values():
        raise MutationError(f"mutmut broke off; see {folder / 'mutmut.log'}")
    survivors = [name for name, code in codes.items() if code not in NOTICED]
    return Result(len(codes), _changes(folder, source, survivors))


def _copy_project(folder: Path) -> None:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)


def _configure(folder: Path, source: str, tests: list[str]) -> None:
    others = sorted(
        path.name
        for path in folder.iterdir()
        if path.name not in {"portview", "tests", "pyproject.toml"}
    )
    settings = {
        "source_paths": ["portview"],
        "only_mutate": [source],
        "also_copy": others,
        "pytest_add_cli_args": ["-q", "-x", "-p", "no:xdist"],
        "pytest_add_cli_args_test_selection": tests,
        "do_not_mutate_patterns": UNCHANGED,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    lines += ["use_git_change_detection = false", "track_dependencies = false"]
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def _run(folder: Path, *arguments: str) -> str:
    """Run mutmut's Python in a project's copy and return what it prints."""
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=folder, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    ).stdout  # fmt: skip


_DIFFS = """
import json, sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
print(json.dumps([get_diff_for_mutant(name, path=sys.argv[1]) for name in sys.argv[2:]]))
"""


def _changes(folder: Path, source: str, names: list[str]) -> tuple[Change, ...]:
    """Read which line each change is about from its diff."""
    if not names:
        return ()
    diffs = json.loads(_run(folder, "-c", _DIFFS, source, *names).splitlines()[-1])
    return tuple(_change(name, diff) for name, diff in zip(names, diffs, strict=True))


def _change(name: str, diff: str) -> Change:
    before, after = (
        " ".join(
            line[1:].strip()
            for line in diff.splitlines()
            if line.startswith(sign) and not line.startswith(sign * 3)
        )
        for sign in "-+"
    )
    # mutmut's names: module.x_function__mutmut_7, or module.xǁClassǁmethod__mutmut_7.
    mangled = name.rpartition(".")[2].rpartition("__mutmut_")[0]
    function = mangled.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return Change(function, before, after)


if __name__ == "__main__":
    sys.exit(main())
