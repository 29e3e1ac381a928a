"""What package managers are told of a release: three manifests for winget, and one for Scoop.

Winget installs the installer, for one user or for all; Scoop unpacks the portable zip. Where the
release can be fetched from only who makes it knows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

URL_VARIABLE: Final = "PORTVIEW_RELEASE_URL"
"""Names the address below which the files of the release are, and the project's page two above."""

_IDENTIFIER: Final = "PortView.PortView"
_SCHEMA: Final = "1.9.0"
_LOCALE: Final = "en-US"
_SUMMARY: Final = "See what is on a port, why you can't use it, and free it safely"
_OLDEST_WINDOWS: Final = "10.0.17763.0"


@dataclass(frozen=True, slots=True)
class Release:
    """One version, its two files, and the addresses of its files and of the project."""

    version: str
    installer: Path
    archive: Path
    url: str
    home: str


def write_manifests(release: Release, folder: Path) -> list[Path]:
    """Write all manifests into a folder that is made for them; return them in order."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        f"{_IDENTIFIER}.yaml": _yaml(_winget_version(release)),
        f"{_IDENTIFIER}.installer.yaml": _yaml(_winget_installer(release)),
        f"{_IDENTIFIER}.locale.{_LOCALE}.yaml": _yaml(_winget_locale(release)),
        "portview.json": json.dumps(_scoop(release), indent=4) + "\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in files]


def _winget_version(release: Release) -> dict[str, Any]:
    return _manifest(release, "version", {"DefaultLocale": _LOCALE})


def _winget_installer(release: Release) -> dict[str, Any]:
    common = {
        "Architecture": "x64",
        "InstallerUrl": f"{release.url}/{release.installer.name}",
        "InstallerSha256": _sha256(release.installer).upper(),
    }
    return _manifest(
        release,
        "installer",
        {
            "InstallerType": "nullsoft",
            "MinimumOSVersion": _OLDEST_WINDOWS,
            "InstallModes": ["interactive", "silent"],
            "UpgradeBehavior": "install",
            "Commands": ["portview"],
            # The uninstaller's key, by which winget knows what is installed.
            "ProductCode": "PortView",
            "Installers": [
                {**common, "Scope": "user"},
                {
                    **common,
                    "Scope": "machine",
                    "InstallerSwitches": {"Custom": "/ALLUSERS"},
                    "ElevationRequirement": "elevatesSelf",
                },
            ],
        },
    )


def _winget_locale(release: Release) -> dict[str, Any]:
    return _manifest(
        release,
        "defaultLocale",
        {
            "PackageLocale": _LOCALE,
            "Publisher": "PortView",
            "PackageName": "PortView",
            "PackageUrl": release.home,
            "License": "MIT",
            "ShortDescription": _SUMMARY,
            "Moniker": "portview",
            "Tags": ["firewall", "netstat", "network", "ports", "sockets"],
        },
    )


def _manifest(release: Release, kind: str, own: dict[str, Any]) -> dict[str, Any]:
    return {
        "PackageIdentifier": _IDENTIFIER,
        "PackageVersion": release.version,
        **own,
        "ManifestType": kind,
        "ManifestVersion": _SCHEMA,
    }


def _scoop(release: Release) -> dict[str, Any]:
    return {
        "version": release.version,
        "description": _SUMMARY,
        "homepage": release.home,
        "license": "MIT",
        "architecture": {
            "64bit": {
                "url": f"{release.url}/{release.archive.name}",
                "hash": _sha256(release.archive),
            }
        },
        "extract_dir": "PortView",
        "bin": [["portviewc.exe", "portview"]],
        "shortcuts": [["PortView.exe", "PortView"]],
        # Where the portable program keeps its settings.
        "persist": "data",
    }


def _yaml(values: dict[str, Any]) -> str:
    """Write YAML whose every value is JSON, which YAML 1.2 contains."""
    lines = [f"{name}: {json.dumps(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
