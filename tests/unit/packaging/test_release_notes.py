"""A release publishes its own section of the changelog, and no other."""

from __future__ import annotations

import pytest

import release_notes

TEXT = """# Changelog

## [0.2.0] - 2026-01-31

### Added

- Two.

## 0.1.0, unreleased

- One.
"""


def test_each_version_has_its_own_section() -> None:
    assert release_notes.section(TEXT, "0.2.0") == "### Added\n\n- Two.\n"
    assert release_notes.section(TEXT, "0.1.0") == "- One.\n"


@pytest.mark.parametrize("version", ["0.1", "0.2.0.1", "1.0", ""])
def test_a_version_without_a_section_is_not_released(version: str) -> None:
    with pytest.raises(LookupError, match="no section"):
        release_notes.section(TEXT, version)


def test_the_projects_own_changelog_has_a_section_for_its_version() -> None:
    from portview import __version__  # noqa: PLC0415 - this test alone is about the project

    assert release_notes.section(release_notes.CHANGELOG.read_text("utf-8"), __version__).strip()
