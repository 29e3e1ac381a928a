"""Servers that really run are named for what they are, by what the system says of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.owners.process import ProcessKey
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process
from portview.readers.recognition.identities import identify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.owners.identity import ProgramIdentity

PYTHON_SERVER = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.readline()
"""
NODE_SERVER = """
const server = require("net").createServer().listen(0, "127.0.0.1", () => {
  console.log(server.address().port);
});
process.stdin.on("data", () => process.exit(0)).on("end", () => process.exit(0));
"""
JAVA_SERVER = """
import java.net.*;
public class ShopServer {
  public static void main(String[] arguments) throws Exception {
    ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    System.out.println(server.getLocalPort());
    System.in.read();
  }
}
"""
PERL_SERVER = """
use IO::Socket::INET;
my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 0);
$| = 1; print $server->sockport, "\\n"; <STDIN>;
"""


@contextmanager
def running(*command: str | Path, folder: Path) -> Iterator[int]:
    """Run a server until its first line, which says that it listens; yield its PID."""
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline().strip().isdigit()
        yield process.pid
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()


def identity(pid: int) -> ProgramIdentity:
    key = process_key(pid)
    assert isinstance(key, ProcessKey)
    found = identify({key: read_process(key)}, deadline_s=30)[key].identity
    assert found is not None
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Make a project that is named by its package.json."""
    folder = tmp_path / "folder" / "shop"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "my-shop"}')
    return folder


def test_python_modules_and_scripts(shop: Path) -> None:
    (shop / "uvicorn").mkdir()
    for name in ("__init__.py", "__main__.py"):
        (shop / "uvicorn" / name).write_text(PYTHON_SERVER if "main" in name else "")
    (shop / "manage.py").write_text(PYTHON_SERVER)
    (shop / "server.py").write_text(PYTHON_SERVER)
    cases = {
        ("-m", "uvicorn", "--port", "80", "shop.main:app"): "my-shop · uvicorn shop.main:app",
        ("manage.py", "runserver", "8000"): "my-shop · Django development server 8000",
        (shop / "server.py", "--token", "hunter2"): "my-shop · server.py (python)",
        ("-c", PYTHON_SERVER): "my-shop · python, inline code",
    }
    for arguments, expected in cases.items():
        with running(sys.executable, *arguments, folder=shop) as pid:
            found = identity(pid)
        assert found.what == expected
        assert found.project == "my-shop"
        assert found.ancestors[0].pid == os.getpid()
        assert any("package.json" in source for source in found.sources)


def test_a_script_that_was_started_elsewhere_has_its_own_project(
    shop: Path, tmp_path: Path
) -> None:
    (shop / "server.py").write_text(PYTHON_SERVER)
    with running(sys.executable, shop / "server.py", folder=tmp_path) as pid:
        assert identity(pid).what == "my-shop · server.py (python)"


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
def test_node_and_its_tools(shop: Path) -> None:
    tools = shop / "node_modules"
    for place in ("vite/bin/vite.js", "@angular/cli/bin/ng.js", "next/dist/bin/next"):
        (tools / place).parent.mkdir(parents=True)
        (tools / place).write_text(NODE_SERVER)
    (shop / "server.js").write_text(NODE_SERVER)
    title = shop / "title.js"
    title.write_text('process.title = "next-server (v14.2.3)";' + NODE_SERVER)
    cases = {
        (tools / "vite/bin/vite.js", "--port", "3000"): "my-shop · vite dev server",
        (tools / "vite/bin/vite.js", "preview"): "my-shop · vite preview server",
        (tools / "@angular/cli/bin/ng.js", "serve"): "my-shop · Angular dev server",
        (tools / "next/dist/bin/next", "dev"): "my-shop · Next.js dev server",
        ("--no-warnings", "server.js"): "my-shop · server.js (node)",
        ("-e", NODE_SERVER): "my-shop · node, inline code",
    }
    if sys.platform != "win32":
        cases[title,] = "my-shop · Next.js server v14.2.3"
    for arguments, expected in cases.items():
        with running("node", *arguments, folder=shop) as pid:
            assert identity(pid).what == expected


@pytest.mark.skipif(not shutil.which("java"), reason="needs Java 11 or later")
def test_a_java_file(shop: Path) -> None:
    (shop / "ShopServer.java").write_text(JAVA_SERVER)
    with running("java", "-Dsecret=hunter2", "ShopServer.java", folder=shop) as pid:
        assert identity(pid).what == "my-shop · ShopServer.java (java)"


@pytest.mark.skipif(not shutil.which("perl"), reason="needs Perl")
def test_a_perl_script(shop: Path) -> None:
    (shop / "serve.pl").write_text(PERL_SERVER)
    with running("perl", "serve.pl", folder=shop) as pid:
        assert identity(pid).what == "my-shop · serve.pl (perl)"


@pytest.mark.linux_only("PostgreSQL from its package, as another user")
@pytest.mark.root_only("becomes another user, as initdb demands")
@pytest.mark.skipif(not shutil.which("postgres"), reason="needs PostgreSQL")
def test_postgres_and_its_workers(tmp_path: Path) -> None:
    programs = Path(os.path.realpath(shutil.which("postgres") or "")).parent
    data = Path("/tmp") / f"portview-{os.getpid()}" / "postgresql" / "15" / "main"  # noqa: S108 - nobody must reach it
    data.mkdir(parents=True)
    for folder in (data, *data.parents[:3]):
        shutil.chown(folder, 65534, 65534)
    become = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    sockets = str(data.parents[2])
    try:
        subprocess.run(
            [*become, programs / "initdb", "-D", data, "-A", "trust", "-U", "ann", "--no-sync"],
            check=True,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
        )
        options = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={sockets}")
        server = subprocess.Popen(
            [*become, programs / "postgres", "-D", data, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert server.stderr
        try:
            for line in server.stderr:
                if b"ready to accept connections" in line:
                    break
            found = identity(server.pid)
            assert found.what == "postgres 15, cluster main"
            children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
            workers = {identity(int(child)).what for child in children}
            assert any("checkpointer" in worker for worker in workers)
        finally:
            server.terminate()
            server.wait(30)
            server.stderr.close()
    finally:
        shutil.rmtree(data.parents[2])


FORKING = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
worker = os.fork()
if worker == 0:
    sys.stdin.readline()
    os._exit(0)
print(worker, flush=True)
sys.stdin.readline()
"""


@pytest.mark.linux_only("forks")
def test_a_worker_goes_by_its_master_and_names_it(shop: Path) -> None:
    (shop / "server.py").write_text(FORKING)
    process = subprocess.Popen(
        [sys.executable, "server.py"],
        cwd=shop,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        worker = int(process.stdout.readline())
        assert identity(process.pid).what == "my-shop · server.py (python)"
        found = identity(worker)
        assert found.what == "my-shop · server.py (python), worker"
        assert found.master == process_key(process.pid)
        assert identity(process.pid).master is None
        assert [one.pid for one in found.ancestors[:2]] == [process.pid, os.getpid()]
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


@pytest.mark.linux_only("its command line as bytes")
def test_a_hostile_folder_stays_inert(tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b[31m\n\u202e<b>{1}"
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"name": "\x1b]0;x\x07\n" * 100}))
    os.mkfifo(folder / "pyproject.toml")
    with running(sys.executable, "-c", PYTHON_SERVER, folder=folder) as pid:
        found = identity(pid)
    for text in (found.what, found.project, *found.sources):
        assert text.isprintable()
        assert len(text) <= 160


def test_the_command_tells_a_port_and_a_process(shop: Path) -> None:
    (shop / "server.py").write_text(PYTHON_SERVER)
    process = subprocess.Popen(
        [sys.executable, "server.py", "--password", "hunter2"],
        cwd=shop,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        port = process.stdout.readline().strip()
        document = what(port, "--json")
        assert document["what"] == "my-shop · server.py (python)"
        assert (document["project"], document["container"]) == ("my-shop", None)
        assert (document["pid"], document["is_port"]) == (process.pid, True)
        assert document["started_by"][0]["pid"] == os.getpid()
        assert all(one["pid"] != process.pid for one in document["started_by"])
        assert document["sockets"][0]["what"] == document["what"]
        by_pid = what(str(process.pid), "--pid", "--json")
        assert by_pid["sockets"][0]["local_port"] == int(port)
        assert not by_pid["is_port"]
        assert by_pid["what"] == document["what"]
        assert by_pid["processes"][0]["pid"] == process.pid
        told = run("what", port).stdout
        assert "my-shop · server.py (python)" in told
        assert "Started by" in told
        assert "hunter2" not in told
        plan = run("free", port, "--dry-run").stdout
        assert "my-shop · server.py (python)" in plan
        listed = run("list", "--json", "--query", "project:my-shop state:listen")
        assert json.loads(listed.stdout)["sockets"][0]["local_port"] == int(port)
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def test_what_is_neither_a_port_nor_a_process() -> None:
    assert run("what", "x").returncode == 2
    assert run("what", "4194304000", "--pid").returncode == 1


def what(*arguments: str) -> Any:
    ended = run("what", *arguments)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portview", *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=60,
    )


SHARING = """
import os, socket, sys
kind = sys.argv[1]
def serve(port):
    server = socket.socket()
    if kind == "reuse_port":
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server
server = serve(0)
told, tell = os.pipe()
if os.fork() == 0:
    if kind == "reuse_port":
        port = server.getsockname()[1]
        server.close()
        server = serve(port)
    os.write(tell, b"x")
    sys.stdin.readline()
    os._exit(0)
os.read(told, 1)
print(server.getsockname()[1], flush=True)
sys.stdin.readline()
"""


@pytest.mark.linux_only("forks, and SO_REUSEPORT")
@pytest.mark.parametrize("kind", ["inherited", "reuse_port"])
def test_shared_sockets_are_told_apart(kind: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SHARING, kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        document = what(process.stdout.readline().strip(), "--json")
        assert document["sharing"] == kind
        assert len(document["processes"]) == 2
        master, worker = sorted(document["processes"], key=lambda one: one["pid"])
        assert worker["what"].endswith(", worker")
        assert master["pid"] == worker["started_by"][0]["pid"]
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
