"""The public workflows, as far as they can be checked where they don't run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RUNNERS = {
    *("ubuntu-latest", "macos-latest", "windows-latest"),
    *("windows-2022", "windows-2025", "windows-11-arm"),
}
CONTEXTS = {"github", "matrix", "secrets", "runner", "env", "steps", "needs"}
JOB_KEYS = {
    *("runs-on", "needs", "if", "strategy", "permissions", "timeout-minutes", "steps"),
    *("env", "name", "defaults"),
}
STEP_KEYS = {"uses", "with", "run", "shell", "env", "if", "name", "id", "working-directory"}


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def jobs_of(file: Path) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text("utf-8"))["jobs"]
    return jobs


def steps_of(file: Path) -> Iterator[dict[str, Any]]:
    for job in jobs_of(file).values():
        yield from job["steps"]


def test_there_are_some() -> None:
    assert {"ci.yml", "package.yml"} <= {file.name for file in FILES}


def test_every_job_has_an_end_a_machine_and_known_keys(file: Path) -> None:
    jobs = jobs_of(file)
    for name, job in jobs.items():
        assert set(job) <= JOB_KEYS, name
        assert 0 < job["timeout-minutes"] <= 60
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) < set(jobs)
        assert set(machines(job)) <= RUNNERS, name
        assert all(set(step) <= STEP_KEYS for step in job["steps"])
        assert all(("uses" in step) != ("run" in step) for step in job["steps"])


def machines(job: dict[str, Any]) -> Iterator[str]:
    if job["runs-on"] != "${{ matrix.os }}":
        yield job["runs-on"]
        return
    matrix = job["strategy"]["matrix"]
    yield from matrix["os"]
    yield from (one["os"] for one in matrix.get("include", ()))


def test_what_is_used_is_pinned_by_its_commit_and_names_its_version(file: Path) -> None:
    for line in file.read_text("utf-8").splitlines():
        if "uses:" in line:
            assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+(?:\.\d+)*$", line), line


def test_rights_are_the_least_and_said(file: Path) -> None:
    content = yaml.safe_load(file.read_text("utf-8"))
    assert content["permissions"] == {"contents": "read"}
    writing = [name for name, job in content["jobs"].items() if job.get("permissions")]
    assert writing in ([], ["release"])


def test_expressions_name_what_there_is(file: Path) -> None:
    text = file.read_text("utf-8")
    assert text.count("${{") == len(re.findall(r"\$\{\{ [^{}]+ \}\}", text))
    for name, job in jobs_of(file).items():
        matrix = job.get("strategy", {}).get("matrix", {})
        known = set(matrix) | {key for one in matrix.get("include", ()) for key in one}
        for context, field in re.findall(r"\$\{\{ (\w+)\.([\w-]+)", yaml.safe_dump(job)):
            assert context in CONTEXTS, name
            assert context != "matrix" or field in known, (name, field)


def test_no_event_text_reaches_a_shell(file: Path) -> None:
    for step in steps_of(file):
        assert "${{ github" not in step.get("run", "")


def test_every_script_of_ours_that_is_run_is_there(file: Path) -> None:
    for step in steps_of(file):
        for name in re.findall(r"[\w./-]+\.py\b", step.get("run", "")):
            assert (ROOT / name).is_file(), name


def test_a_pipe_of_powershell_is_not_run_by_another_shell(file: Path) -> None:
    for step in steps_of(file):
        if re.search(r"\b(?:Expand-Archive|Get-Item)\b", step.get("run", "")):
            assert step["shell"] == "pwsh"
