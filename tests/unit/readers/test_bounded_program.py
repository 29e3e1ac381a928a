"""Programs that print without end, never end, or leave a child behind that holds their output."""

from __future__ import annotations

import subprocess
import sys

import pytest

from portview.firewall.linux.ruleset import parse_ruleset
from portview.readers.bounded_program import TooMuchOutputError, run_bounded
from portview.readers.windows.dll import signed_code

pytestmark = pytest.mark.timeout(60)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_a_program_prints_and_how_it_ends() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = run_bounded(python(code), timeout_s=30)
    assert (done.code, done.output.split(), done.error.split()) == (3, [b"out"], [b"err"])


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_endless_output_is_cut_off(stream: str) -> None:
    code = f"import sys\nwhile True: sys.{stream}.write('x' * 10000)"
    with pytest.raises(TooMuchOutputError):
        run_bounded(python(code), timeout_s=50, max_bytes=100_000)


def test_much_output_is_read_whole() -> None:
    done = run_bounded(python("print('x' * 3_000_000)"), timeout_s=30)
    assert len(done.output.strip()) == 3_000_000


def test_a_program_that_never_ends_is_stopped() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_bounded(python("import time; time.sleep(1000)"), timeout_s=0.5)


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        run_bounded(["/no-such-program"], timeout_s=5)


@pytest.mark.parametrize("depth", [150, 5_000, 200_000])
def test_deeply_nested_rules_are_no_rules(depth: int) -> None:
    text = '{"nftables": [{"rule": ' + '{"expr": [' * depth + "]}" * depth + "}]}"
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_ruleset(text)


@pytest.mark.parametrize(
    ("code", "signed"),
    [(5, 5), (0xC0000022, -1073741790), (0xFFFFFFFF, -1), (0x80070005, -2147024891)],
)
def test_codes_fit_into_exceptions(code: int, signed: int) -> None:
    assert signed_code(code) == signed


@pytest.mark.windows_only(reason="only there the system has words for its codes")
def test_an_ntstatus_is_an_error_like_any_other() -> None:
    from portview.readers.windows.dll import windows_error  # noqa: PLC0415

    assert isinstance(windows_error(0xC0000022), OSError)
