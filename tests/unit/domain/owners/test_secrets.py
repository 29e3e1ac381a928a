"""No secret of a command line is kept, and what is none stays readable."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from portview.domain.owners.secrets import mask_secrets

SECRET = "hunter2-Geheim_99"  # noqa: S105 - stands for one


@pytest.mark.parametrize(
    "argument",
    [
        f"--password={SECRET}",
        f"--db-password={SECRET}",
        f"PGPASSWORD={SECRET}",
        f"-Dspring.datasource.password={SECRET}",
        f"--api-key={SECRET}",
        f"/Password:{SECRET}",
        f"postgres://app:{SECRET}@db/shop",
        f"https://{SECRET}@example.com/",
        f"https://example.com/?token={SECRET}&x=1",
        f"Authorization: Bearer {SECRET}",
        f'{{"client_secret": "{SECRET}"}}',
        f"Server=db;User=sa;Password={SECRET};Encrypt=yes",
        f"--pass={SECRET}",
        f"ghp_{'a1' * 12}{SECRET}",
    ],
)
def test_a_secret_in_an_argument_is_masked(argument: str) -> None:
    assert SECRET not in " ".join(mask_secrets(["server", argument, "--port", "80"]))


@pytest.mark.parametrize("option", ["--password", "-password", "/pwd", "--auth-token", "--secret"])
def test_a_secret_in_the_next_argument_is_masked(option: str) -> None:
    assert mask_secrets(["server", option, SECRET, "80"]) == ("server", option, "***", "80")


def test_the_short_option_of_database_clients_is_masked() -> None:
    assert mask_secrets(["/usr/bin/mysql", f"-p{SECRET}"]) == ("/usr/bin/mysql", "-p***")


@pytest.mark.parametrize(
    "line",
    [
        ("node", "server.js", "--port", "8080", "--author", "me"),
        ("java", "-jar", "C:\\passwords\\app.jar"),
        ("python3", "-m", "http.server", "-p", "80"),
        ("nginx:", "master", "process", "https://example.com/a/b?page=2"),
        ("server", "--no-password", "--port=80"),
    ],
)
def test_what_is_no_secret_stays(line: tuple[str, ...]) -> None:
    assert mask_secrets(line) == line


@given(st.lists(st.text(max_size=60), max_size=6))
def test_any_command_line_keeps_its_number_of_arguments(line: list[str]) -> None:
    masked = mask_secrets(line)
    assert len(masked) == len(line)
    assert mask_secrets(masked) == masked
