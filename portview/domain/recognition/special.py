"""Programs of which more can be determined than a template says: by rules of their own. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portview.domain.recognition.launch import file_name
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from portview.domain.recognition.facts import ProgramFacts
    from portview.domain.recognition.launch import Launch

_POSTGRES_DATA = re.compile(r".*?postgres(?:ql)?[\\/](?P<version>\d+)[\\/](?P<cluster>[\w.-]+)")
_POSTGRES_PROGRAM = re.compile(r".*?postgres(?:ql)?[-\\/](?P<version>\d+)")
_SSH_VALUED = frozenset("bcDEeFIiJLlmOoPpQRSWw")
_FORWARD = re.compile(
    r"(?:(?:\[[^\]]*\]|[^:\[\]]*):)?(?P<port>\d+):(?P<target>(?:\[[^\]]+\]|[^:\[\]]+):\d+)"
)
_MOST_FORWARDS = 3
# untranslated: names of products
_JUPYTER_APPS = {"notebook": "Jupyter Notebook", "lab": "JupyterLab", "server": "Jupyter server"}


def postgres(launch: Launch, facts: ProgramFacts) -> str:
    """Return "postgres 16, cluster main" from the data folder, as Debian and others lay it out."""
    data = _option(launch.arguments, "-D")
    where = _POSTGRES_DATA.match(data)
    if where:
        return _("postgres {version}, cluster {cluster}").format(
            version=where["version"], cluster=where["cluster"]
        )
    program = _POSTGRES_PROGRAM.match(facts.executable)
    name = f"postgres {program['version']}" if program else "postgres"  # untranslated: a product
    folder = file_name(data or facts.folder)
    return (
        _("{postgres}, data in {folder}").format(postgres=name, folder=folder) if folder else name
    )


def ssh(launch: Launch, _facts: ProgramFacts) -> str:
    """Return "ssh tunnel to db01:5432 through bastion" from -L, -R and -D."""
    options, destination = _ssh_options(launch.arguments)
    host = destination.rpartition("@")[2]
    local = [match["target"] for match in map(_FORWARD.fullmatch, options.get("L", ())) if match]
    if local:
        targets = ", ".join(_ssh_target(target, host) for target in local[:_MOST_FORWARDS])
        if all(_is_this_host(target) for target in local) or not host:
            return _("ssh tunnel to {targets}").format(targets=targets)
        return _("ssh tunnel to {targets} through {host}").format(targets=targets, host=host)
    if options.get("D"):
        return _("ssh SOCKS proxy through {host}").format(host=host)
    if options.get("R"):
        return _("ssh tunnel from {host} to this computer").format(host=host)
    return _("ssh to {host}").format(host=host) if host else "ssh"


def _ssh_target(target: str, host: str) -> str:
    name, _colon, port = target.rpartition(":")
    return f"{host}:{port}" if host and _is_this_host(f"{name}:{port}") else target


def _is_this_host(target: str) -> bool:
    return target.rpartition(":")[0] in {"localhost", "127.0.0.1", "[::1]"}


def _ssh_options(arguments: tuple[str, ...]) -> tuple[Mapping[str, list[str]], str]:
    """Return the values of ssh's options by letter, and the destination (ssh(1))."""
    found: dict[str, list[str]] = {}
    words = iter(arguments)
    for word in words:
        if not word.startswith("-") or len(word) == 1:
            return found, word
        for place, letter in enumerate(word[1:], 1):
            if letter in _SSH_VALUED:
                value = word[place + 1 :] or next(words, "")
                found.setdefault(letter, []).append(value)
                break
            found.setdefault(letter, []).append("")
    return found, ""


def jupyter(launch: Launch, facts: ProgramFacts) -> str:
    """Return "JupyterLab in sales", and of a kernel that it is one."""
    words = launch.arguments
    app = launch.tool.removeprefix("jupyter-").removeprefix("jupyter")
    if not app and words and not words[0].startswith("-"):
        app = words[0]
    title = _JUPYTER_APPS.get(app, "Jupyter")
    names = [
        file_name(word) for word in words if word.endswith(".ipynb") and not word.startswith("-")
    ]
    if names:
        notebook = names[0].removesuffix(".ipynb")
        return _("{jupyter}, notebook '{notebook}'").format(jupyter=title, notebook=notebook)
    folder = (
        _option(words, "--notebook-dir", "--ServerApp.root_dir", "--NotebookApp.notebook_dir")
        or facts.folder
    )
    name = file_name(folder)
    return _("{jupyter} in {folder}").format(jupyter=title, folder=name) if name else title


def java(launch: Launch, facts: ProgramFacts) -> str:
    """Return the name of what runs in Java, by the marks of well-known servers."""
    properties = dict(_properties(launch.options))
    script = launch.script
    parts = script.rpartition("/")[2].split(".")
    # A class named Main says nothing without its package.
    simple = ".".join(parts[-2:] if parts[-1].lower() in _GENERIC_CLASSES else parts[-1:])
    if "catalina.base" in properties:
        base = file_name(properties["catalina.base"])
        return _("Apache Tomcat ({base})").format(base=base) if base else _("Apache Tomcat")
    known = _JAVA_MAIN.get(script)
    if known:
        return known
    if named := _by_manifest(facts.manifest):
        return named
    if script.lower().endswith((".jar", ".war", ".java")):
        return f"{file_name(script)} (java)"
    return f"{simple or 'java'} (java)" if simple else "java"


def _by_manifest(manifest: Mapping[str, str]) -> str:
    """Return what an archive is called, or its class, by its manifest; keys in lower case."""
    title = manifest.get("implementation-title", "")
    version = manifest.get("implementation-version", "")
    start = manifest.get("start-class", "")
    if start and "spring-boot-version" in manifest:
        name = title or start.rpartition(".")[2]
        return f"{name} (Spring Boot)"  # untranslated: names of products
    return f"{title} {version}".strip() + " (java)" if title else ""


_GENERIC_CLASSES = frozenset({"main", "app", "application", "server", "launcher", "bootstrap"})
# untranslated: names of products
_JAVA_MAIN = {
    "jdk.jshell.execution.RemoteExecutionControl": "JShell",
    "kafka.Kafka": "Apache Kafka",
    "kafka.docker.KafkaDockerWrapper": "Apache Kafka",
    "org.apache.zookeeper.server.quorum.QuorumPeerMain": "Apache ZooKeeper",
    "org.elasticsearch.bootstrap.Elasticsearch": "Elasticsearch",
    "org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch": "Elasticsearch",
    "org.opensearch.bootstrap.OpenSearch": "OpenSearch",
    "org.apache.cassandra.service.CassandraDaemon": "Apache Cassandra",
    "org.apache.solr.jetty": "Apache Solr",
    "org.gradle.launcher.daemon.bootstrap.GradleDaemon": "Gradle daemon",
    "org.jetbrains.kotlin.daemon.KotlinCompileDaemon": "Kotlin compile daemon",
    "org.apache.activemq.artemis.boot.Artemis": "Apache ActiveMQ Artemis",
    "org.neo4j.server.CommunityEntryPoint": "Neo4j",
    "com.intellij.idea.Main": "IntelliJ IDEA",
    "org.eclipse.equinox.launcher.Main": "Eclipse",
    "org.apache.spark.deploy.master.Master": "Apache Spark master",
    "org.apache.spark.deploy.worker.Worker": "Apache Spark worker",
    "org.apache.hadoop.hdfs.server.namenode.NameNode": "Hadoop NameNode",
    "org.apache.hadoop.hdfs.server.datanode.DataNode": "Hadoop DataNode",
    "org.codehaus.plexus.classworlds.launcher.Launcher": "Maven",
    "org.springframework.boot.loader.launch.JarLauncher": "Spring Boot application",
}


def kernel(_launch: Launch, facts: ProgramFacts) -> str:
    """Return "Jupyter kernel, notebook 'sales'" where the server says for which one it runs."""
    session = file_name(facts.environment.get("JPY_SESSION_NAME", ""))
    if session.endswith(".ipynb"):
        return _("Jupyter kernel, notebook '{notebook}'").format(
            notebook=session.removesuffix(".ipynb")
        )
    folder = file_name(facts.folder)
    return _("Jupyter kernel in {folder}").format(folder=folder) if folder else ""


def php(launch: Launch, facts: ProgramFacts) -> str:
    """Return "PHP web server 127.0.0.1:8000 in public" for ``php -S``."""
    address = _option(launch.options, "-S")
    if not address:
        return ""
    folder = file_name(_option(launch.options, "-t") or facts.folder)
    if folder:
        return _("PHP web server {address} in {folder}").format(address=address, folder=folder)
    return _("PHP web server {address}").format(address=address)


def _properties(options: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for option in options:
        if option.startswith("-D"):
            name, _equals, value = option[2:].partition("=")
            yield name, value


def _option(words: tuple[str, ...], *names: str) -> str:
    """Return the value of the first of these options, as ``--x v``, ``--x=v`` or ``-xv``."""
    for place, word in enumerate(words):
        for name in names:
            if word == name and place + 1 < len(words):
                return words[place + 1]
            if word.startswith(f"{name}="):
                return word.partition("=")[2]
            if len(name) == 2 and word.startswith(name) and len(word) > 2:  # noqa: PLR2004 - "-D"
                return word[2:]
    return ""


SPECIAL: Mapping[str, Callable[[Launch, ProgramFacts], str]] = {
    "postgres": postgres,
    "ssh": ssh,
    "jupyter": jupyter,
    "java": java,
    "kernel": kernel,
    "php": php,
}
"""The functions that a rule may name as its ``reader``."""
