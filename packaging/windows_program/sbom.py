"""What the program is made of, as a CycloneDX document (https://cyclonedx.org/docs/1.6/json/)."""

from __future__ import annotations

import json
import re
import ssl
import sys
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PYPI: Final = "pypi"
_LICENCE_FILE: Final = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:portview:sbom")


@dataclass(frozen=True, slots=True)
class Component:
    """One part. ``kind`` is its package-URL type; ``needs`` are names of other parts."""

    name: str
    version: str
    licence: str
    kind: str = _PYPI
    needs: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        """Return its package URL, which also serves as its reference in the document."""
        return f"pkg:{self.kind}/{self.name}@{self.version}"


def gather_components(requirements: Iterable[str]) -> list[Component]:
    """Return what some requirements bring in, in the Python that runs this, and Python itself.

    Needs the package "packaging", which comes with PyInstaller.
    """
    from packaging.requirements import Requirement  # noqa: PLC0415 - not on every machine
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    def names_of(lines: Iterable[str]) -> tuple[str, ...]:
        wanted = [Requirement(line) for line in lines]
        holding = [w for w in wanted if w.marker is None or w.marker.evaluate({"extra": ""})]
        return tuple(sorted({canonicalize_name(one.name) for one in holding}))

    components: dict[str, Component] = {}
    waiting = list(names_of(requirements))
    while waiting:
        name = waiting.pop()
        if name in components:
            continue
        found = metadata.distribution(name)
        needs = names_of(found.requires or [])
        components[name] = Component(name, found.version, _licence_of(found), needs=needs)
        waiting += needs
    return sorted([*components.values(), *_interpreter()], key=lambda part: part.purl)


def bootloader() -> Component:
    """Return the part that is the beginning of every frozen program."""
    version = metadata.version("pyinstaller")
    return Component("pyinstaller", version, "GPL-2.0-or-later WITH Bootloader-exception")


def copy_licences(components: Iterable[Component], folder: Path) -> None:
    """Copy what each part's own distribution says about its licence into a folder per part."""
    for component in components:
        if component.kind != _PYPI:
            continue
        for file in metadata.distribution(component.name).files or []:
            is_licence = _LICENCE_FILE.match(file.name) or "licenses" in file.parts[1:]
            if is_licence and ".dist-info" in file.parts[0]:
                target = folder / component.name / file.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(Path(str(file.locate())).read_bytes())


def components_to_json(components: Iterable[Component]) -> str:
    """Write components down for another process."""
    return json.dumps([asdict(component) for component in components])


def components_from_json(text: str) -> list[Component]:
    """Read what ``components_to_json`` wrote."""
    return [Component(**{**one, "needs": tuple(one["needs"])}) for one in json.loads(text)]


def sbom_text(version: str, licence: str, components: Sequence[Component], epoch: int) -> str:
    """Return the document for PortView of a version; ``epoch`` is its Unix time.

    The same parts give the same text, its serial number included.
    """
    own = f"pkg:generic/portview@{version}"
    purls = {component.name: component.purl for component in components}
    depended = {need for component in components for need in component.needs}
    graph = [{"ref": own, "dependsOn": sorted(purls[n] for n in purls if n not in depended)}] + [
        {"ref": part.purl, "dependsOn": sorted(purls[need] for need in part.needs)}
        for part in components
    ]
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "PortView",
                "version": version,
                "licenses": [{"license": {"id": licence}}],
                "purl": own,
            },
        },
        "components": [_entry(component) for component in components],
        "dependencies": graph,
    }
    serial = uuid.uuid5(_NAMESPACE, json.dumps(document, sort_keys=True))
    return json.dumps({**document, "serialNumber": f"urn:uuid:{serial}"}, indent=2) + "\n"


def _entry(component: Component) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "library" if component.kind == _PYPI else "platform",
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
    }
    if component.licence:
        entry["licenses"] = [{"license": {"name": component.licence}}]
    return entry


def _licence_of(found: metadata.Distribution) -> str:
    fields = found.metadata
    if "License-Expression" in fields:
        return fields["License-Expression"]
    text = fields["License"].strip() if "License" in fields else ""
    # Some put the whole text there.
    if text and "\n" not in text:
        return text
    classifiers = fields.get_all("Classifier") or []
    licences = [str(one) for one in classifiers if str(one).startswith("License ::")]
    return licences[0].rpartition(" :: ")[2] if licences else ""


def _interpreter() -> list[Component]:
    python = ".".join(map(str, sys.version_info[:3]))
    parts = [Component("cpython", python, "PSF-2.0", "generic")]
    openssl = re.match(r"OpenSSL (\S+)", ssl.OPENSSL_VERSION)
    if openssl:
        parts.append(Component("openssl", openssl[1], "Apache-2.0", "generic"))
    from PySide6.QtCore import qVersion  # noqa: PLC0415 - not on every machine

    parts.append(Component("qt", qVersion(), "LGPL-3.0-only", "generic"))
    return parts
