"""Servers of Python, Node.js, Java, Go, PHP and Ruby from packages are named for what they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.system.readers.recognition.started import (
    PORT,
    SECRET,
    SERVERS,
    Shown,
    Started,
    environment_of,
    find_tool,
    is_laid_out,
    shown,
    started,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.linux_only("servers from Debian's packages"),
    pytest.mark.root_only("each has a network of its own"),
    pytest.mark.usefixtures("own_network"),
    pytest.mark.timeout(240),
]
needs_system = pytest.mark.skipif(not is_laid_out("system"), reason="needs apt-get")
needs_python = pytest.mark.skipif(not is_laid_out("python"), reason="needs apt-get")
needs_node = pytest.mark.skipif(not is_laid_out("node"), reason="needs npm")
needs_go = pytest.mark.skipif(not is_laid_out("go"), reason="needs apt-get")
needs_java = pytest.mark.skipif(not shutil.which("javac"), reason="needs a Java compiler")

WSGI = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"shop"]
"""
ASGI = """
async def app(scope, receive, send):
    pass
"""
FLASK = """
import flask
app = flask.Flask("shop")
"""
AIOHTTP = """
import aiohttp.web
def init(argv):
    return aiohttp.web.Application()
"""
DJANGO = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
DJANGO_SETTINGS = (
    f'SECRET_KEY = "{SECRET}"\nROOT_URLCONF = "urls"\nDATABASES = {{}}\nALLOWED_HOSTS = ["*"]\n'
)
FTP = """
import sys
from pyftpdlib.__main__ import main
main()
"""

PYTHON = {
    "http.server": (
        Started(("python", "-m", "http.server", "{port}", "--bind", "127.0.0.1")),
        f"http.server {PORT} in shop",
    ),
    "uvicorn": (
        Started(("uvicorn", "shop:app", "--port", "{port}"), {"shop.py": ASGI}),
        "my-shop · uvicorn shop:app",
    ),
    "python -m uvicorn": (
        Started(("python", "-m", "uvicorn", "--port", "{port}", "shop:app"), {"shop.py": ASGI}),
        "my-shop · uvicorn shop:app",
    ),
    "flask": (
        Started(("flask", "--app", "shop", "run", "--port", "{port}"), {"shop.py": FLASK}),
        "my-shop · Flask shop",
    ),
    "waitress": (
        Started(("waitress-serve", "--port={port}", "shop:app"), {"shop.py": WSGI}),
        "my-shop · waitress shop:app",
    ),
    "aiohttp": (
        Started(
            ("python", "-m", "aiohttp.web", "-H", "127.0.0.1", "-P", "{port}", "shop:init"),
            {"shop.py": AIOHTTP},
        ),
        "my-shop · aiohttp shop:init",
    ),
    "django": (
        Started(
            ("python", "manage.py", "runserver", "--noreload", "127.0.0.1:{port}"),
            {"manage.py": DJANGO, "settings.py": DJANGO_SETTINGS, "urls.py": "urlpatterns = []"},
        ),
        f"my-shop · Django development server 127.0.0.1:{PORT}",
    ),
    "mkdocs": (
        Started(
            ("mkdocs", "serve", "--dev-addr", "127.0.0.1:{port}"),
            {"mkdocs.yml": "site_name: Shop", "docs/index.md": "# Shop"},
        ),
        "my-shop · MkDocs preview",
    ),
    "jupyter": (
        Started(
            (
                *("jupyter", "server", "--allow-root", "--no-browser", "--port", "{port}"),
                f"--IdentityProvider.token={SECRET}",
            ),
            environment={"HOME": "{here}"},
        ),
        "Jupyter server in shop",
    ),
    "pyftpdlib": (
        Started(
            ("python", "-m", "pyftpdlib", "-i", "127.0.0.1", "-p", "{port}", "-P", SECRET),
        ),
        "pyftpdlib (FTP) in shop",
    ),
    "aiosmtpd": (
        Started(("aiosmtpd", "-n", "-l", "127.0.0.1:{port}")),
        "aiosmtpd (SMTP)",
    ),
    "inline": (
        Started(("python", "-c", f"import http.server as s;x='{SECRET}';s.test(port={PORT})")),
        "my-shop · python, inline code",
    ),
    "a script": (
        Started(
            ("python", "server.py", "--password", SECRET),
            {"server.py": "import http.server as s\ns.test(port={port})"},
        ),
        "my-shop · server.py (python)",
    ),
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Make a project's folder."""
    folder = tmp_path / "folder" / "shop"
    folder.mkdir(parents=True)
    return folder


def without_command_line(found: Shown) -> str:
    """Return all that is shown of a socket, but for the raw command line."""
    return str({**found.fields, "command_line": None})


def check(server: Started, expected: str, shop: Path, *, project: str | None = "my-shop") -> None:
    with started(server, shop) as process:
        found = shown(process, shop)
    for one in found:
        assert one.what == expected
        assert one.fields["project"] == project
        assert one.fields["container"] is None
        assert os.getpid() in [each["pid"] for each in one.fields["started_by"]]
        assert SECRET not in without_command_line(one)


@needs_python
@pytest.mark.parametrize("name", PYTHON)
def test_servers_of_python(name: str, shop: Path) -> None:
    (shop / "pyproject.toml").write_text('[project]\nname = "my-shop"\n')
    check(*PYTHON[name], shop)


MASTERS = {
    "gunicorn": (
        Started(
            (
                "gunicorn",
                "--workers=2",
                "--bind=127.0.0.1:{port}",
                f"--env=TOKEN={SECRET}",
                "shop:app",
            ),
            {"shop.py": WSGI},
        ),
        "my-shop · gunicorn shop:app",
        3,
    ),
    "uvicorn": (
        Started(("uvicorn", "--workers", "2", "shop:app", "--port", "{port}"), {"shop.py": ASGI}),
        "my-shop · uvicorn shop:app",
        3,
    ),
    "hypercorn": (
        Started(("hypercorn", "--bind", "127.0.0.1:{port}", "shop:app"), {"shop.py": ASGI}),
        "my-shop · hypercorn shop:app",
        2,
    ),
}


@needs_python
@pytest.mark.parametrize("name", MASTERS)
def test_masters_and_their_workers(name: str, shop: Path) -> None:
    (shop / "pyproject.toml").write_text('[project]\nname = "my-shop"\n')
    server, expected, count = MASTERS[name]
    with started(server, shop) as process:
        found = shown(process, shop, least=count)
    assert {one.what for one in found if one.pid == process.pid} == {expected}
    workers = {one.what for one in found if one.pid != process.pid}
    assert workers == {f"{expected}, worker"}
    assert SECRET not in "".join(map(without_command_line, found))


NODE_HTTP = 'require("http").createServer().listen({port}, "127.0.0.1");'
EXPRESS = 'require("express")().listen({port}, "127.0.0.1");'

NODE = {
    "http": (Started(("node", "server.js", "--token", SECRET), {"server.js": NODE_HTTP}),
             "my-shop · server.js (node)"),
    "inline": (Started(("node", "-e", NODE_HTTP.replace("{port}", str(PORT)))),
               "my-shop · node, inline code"),
    "express": (Started(("node", "app.js"), {"app.js": EXPRESS}), "my-shop · app.js (node)"),
    "http-server": (Started(("http-server", "-a", "127.0.0.1", "-p", "{port}", "public"),
                            {"public/index.html": ""}), "http-server in shop"),
    "json-server": (Started(("json-server", "--port", "{port}", "db.json"), {"db.json": "{}"}),
                    "json-server db.json"),
    "live-server": (Started(("live-server", "--no-browser", "--port={port}")),
                    "live-server in shop"),
    "serve": (Started(("serve", "-l", "{port}", "-n", "public"), {"public/index.html": ""}),
              f"serve {PORT} in public"),
    "nodemon": (Started(("nodemon", "--quiet", "server.js"), {"server.js": NODE_HTTP}),
                "my-shop · server.js (node)"),
    "tsx": (Started(("tsx", "server.ts"),
                    {"server.ts": 'import http from "http";\n'
                     'http.createServer().listen({port}, "127.0.0.1");'}),
            "my-shop · server.ts (node)"),
    "vite": (Started(("vite", "--host", "127.0.0.1", "--port", "{port}"), {"index.html": ""}),
             "my-shop · vite dev server"),
    "npx": (Started(("npx", "--no-install", "http-server", "-p", "{port}")),
            "http-server in shop"),
    "npm run": (Started(("npm", "run", "dev"), {"server.js": NODE_HTTP}),
                "my-shop · server.js (node)"),
}  # fmt: skip


@needs_node
@pytest.mark.parametrize("name", NODE)
def test_servers_of_node(name: str, shop: Path) -> None:
    (shop / "package.json").write_text('{"name": "my-shop", "scripts": {"dev": "node server.js"}}')
    (shop / "node_modules").symlink_to(SERVERS / "node" / "node_modules")
    check(*NODE[name], shop)


JAVA = """
package org.example.shop;
public class ShopServer {
  public static void main(String[] arguments) throws Exception {
    new java.net.ServerSocket(PORT, 5, java.net.InetAddress.getLoopbackAddress()).accept();
  }
}
""".replace("PORT", str(PORT))


def make_jar(folder: Path, *lines: str) -> None:
    source = folder.parent / "ShopServer.java"
    source.write_text(JAVA)
    classes = folder.parent / "classes"
    subprocess.run([shutil.which("javac") or "", "-d", classes, source], check=True)
    with zipfile.ZipFile(folder / "shop-1.2.jar", "w") as jar:
        manifest = ("Manifest-Version: 1.0", "Main-Class: org.example.shop.ShopServer", *lines, "")
        jar.writestr("META-INF/MANIFEST.MF", "\r\n".join(manifest))
        for found in classes.rglob("*.class"):
            jar.write(found, str(found.relative_to(classes)))


@needs_java
@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ((), "shop-1.2.jar (java)"),
        (("Implementation-Title: Corner Shop", "Implementation-Version: 1.2"),
         "Corner Shop 1.2 (java)"),
        (("Start-Class: org.example.shop.ShopServer", "Spring-Boot-Version: 3.5.0"),
         "ShopServer (Spring Boot)"),
    ],
)  # fmt: skip
def test_a_jar(manifest: tuple[str, ...], expected: str, shop: Path) -> None:
    make_jar(shop, *manifest)
    command = ("java", f"-Dspring.datasource.password={SECRET}", "-jar", "shop-1.2.jar", "serve")
    check(Started(command), expected, shop, project=None)


@needs_java
def test_a_java_class(shop: Path) -> None:
    make_jar(shop)
    command = ("java", "-cp", "shop-1.2.jar", "org.example.shop.ShopServer", f"--key={SECRET}")
    check(Started(command), "ShopServer (java)", shop, project=None)


JSHELL = f"var s = new java.net.ServerSocket({PORT}); s.accept();"


@needs_java
@pytest.mark.skipif(not shutil.which("jshell"), reason="needs jshell")
def test_jshell(shop: Path) -> None:
    # jshell runs what it is given in a second Java, as an agent.
    with started(Started(("jshell", "-s", "code.jsh"), {"code.jsh": JSHELL}), shop) as process:
        [found] = shown(process, shop)
    assert found.what == "JShell"


GO = """
package main

import "net"

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:PORT")
	if err != nil { panic(err) }
	for { listener.Accept() }
}
""".replace("PORT", str(PORT))


@needs_go
@pytest.mark.parametrize("way", ["built", "go run"])
def test_a_server_of_go(way: str, shop: Path) -> None:
    go = find_tool("go")
    (shop / "go.mod").write_text("module example.org/ann/my-shop/v2\n\ngo 1.21\n")
    (shop / "main.go").write_text(GO)
    # Kept, because the first building of the library takes a while.
    variables = {
        **environment_of(go),
        "GOROOT": str(SERVERS / "go" / "go"),
        "GOCACHE": str(SERVERS / "go-cache"),
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-buildvcs=false",
        "GOPROXY": "off",
    }
    if way == "built":
        subprocess.run([go, "build", "-o", "shopd"], cwd=shop, env=variables, check=True)
        server = Started(("{here}/shopd", "serve", "--token", SECRET))
        expected = "my-shop · shopd serve"
    else:
        server = Started((go, "run", ".", "--token", SECRET), environment=variables)
        expected = "my-shop"
    check(server, expected, shop)


@needs_system
def test_php(shop: Path) -> None:
    (shop / "composer.json").write_text('{"name": "ann/my-shop"}')
    php = sorted((SERVERS / "system" / "usr" / "bin").glob("php[0-9].[0-9]"))
    program = str(php[0]) if php else "php"
    command = (program, "-d", f"shop.key={SECRET}", "-S", f"127.0.0.1:{PORT}", "-t", "public")
    expected = f"my-shop · PHP web server 127.0.0.1:{PORT} in public"
    check(Started(command, {"public/index.php": ""}), expected, shop)


WEBRICK = """
require "webrick"
WEBrick::HTTPServer.new(BindAddress: "127.0.0.1", Port: {port}).start
"""
RACK = "run ->(env) { [200, {}, []] }\n"

RUBY = {
    "httpd": (Started(("ruby", "-run", "-e", "httpd", ".", "-p", "{port}")),
              "my-shop · ruby, inline code"),
    "webrick": (Started(("ruby", "server.rb", SECRET), {"server.rb": WEBRICK}),
                "my-shop · server.rb (ruby)"),
    "puma": (Started(("ruby", "{puma}", "-b", "tcp://127.0.0.1:{port}"), {"config.ru": RACK}),
             "my-shop · Puma shop"),
}  # fmt: skip


@needs_system
@pytest.mark.parametrize("name", RUBY)
def test_servers_of_ruby(name: str, shop: Path) -> None:
    (shop / "Gemfile").write_text("")
    (shop / "package.json").write_text('{"name": "my-shop"}')
    server, expected = RUBY[name]
    words = tuple(word.replace("{puma}", find_tool("puma")) if "{puma}" in word else word
                  for word in server.command)  # fmt: skip
    check(Started(words, server.files), expected, shop)


def test_the_python_that_tests_run_in(shop: Path) -> None:
    command = (sys.executable, "-m", "http.server", str(PORT), "--directory", "/usr/share")
    check(Started(command), f"http.server {PORT} in share", shop, project=None)
