"""Web servers, databases, brokers, name servers and tunnels from packages are named rightly."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.system.readers.recognition.started import (
    PORT,
    SECRET,
    SERVERS,
    Started,
    environment_of,
    is_laid_out,
    shown,
    started,
)

pytestmark = [
    pytest.mark.linux_only("servers from Debian's packages"),
    pytest.mark.root_only("each has a network of its own"),
    pytest.mark.usefixtures("own_network"),
    pytest.mark.skipif(not is_laid_out("system"), reason="needs apt-get"),
    pytest.mark.timeout(240),
]

NGINX = """
user root; worker_processes 2; daemon off; pid {here}/pid; error_log {here}/error;
events {}
http {
  access_log off;
  client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; scgi_temp_path {here}/scgi;
  fastcgi_temp_path {here}/fastcgi; uwsgi_temp_path {here}/uwsgi;
  server { listen 127.0.0.1:{port}; }
}
"""
APACHE = """
ServerRoot {here}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {here}/pid
ErrorLog {here}/error
Mutex file:{here}
User nobody
Group nogroup
StartServers 2
LoadModule mpm_prefork_module {system}/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module {system}/lib/apache2/modules/mod_authz_core.so
"""
LIGHTTPD = """
server.document-root = "{here}"
server.port = {port}
server.bind = "127.0.0.1"
server.modules = ()
"""
HAPROXY = """
defaults
  timeout client 1s
  timeout server 1s
  timeout connect 1s
frontend shop
  mode http
  bind 127.0.0.1:{port}
"""
SQUID = """
http_port 127.0.0.1:{port}
pid_filename {here}/pid
access_log none
cache_log /dev/null
cache_store_log none
netdb_filename none
coredump_dir {here}
icon_directory {here}
error_directory {here}
pinger_enable off
mime_table {here}/mime.conf
unlinkd_program {system}/lib/squid/unlinkd
"""
TINYPROXY = """
Port {port}
Listen 127.0.0.1
"""
MOSQUITTO = """
listener {port} 127.0.0.1
user root
allow_anonymous true
"""
UNBOUND = """
server:
  username: ""
  chroot: ""
  directory: "{here}"
  pidfile: "{here}/pid"
  interface: 127.0.0.1@{port}
  use-syslog: no
  do-daemonize: no
remote-control:
  control-enable: no
"""
NAMED = """
options {
  directory "{here}";
  pid-file "{here}/pid";
  session-keyfile "{here}/key";
  listen-on port {port} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion no;
  dnssec-validation no;
};
controls { };
"""
NSD = """
server:
  ip-address: 127.0.0.1@{port}
  username: root
  zonesdir: "{here}"
  database: ""
  pidfile: "{here}/pid"
  xfrdfile: "{here}/xfrd"
  zonelistfile: "{here}/zones"
  xfrdir: "{here}"
  cookie-secret-file: "{here}/cookie"
remote-control:
  control-enable: no
"""
VSFTPD = """
listen=YES
listen_ipv6=NO
listen_address=127.0.0.1
listen_port={port}
background=NO
run_as_launching_user=YES
"""
STUNNEL = """
foreground = yes
pid =
cert = {here}/key.pem
[shop]
accept = 127.0.0.1:{port}
connect = 127.0.0.1:80
"""


def make_certificate(folder: Path) -> None:
    key = folder / "key.pem"
    subprocess.run(
        [shutil.which("openssl") or "", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
         "-subj", "/CN=localhost", "-keyout", key, "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    key.write_text(key.read_text() + (folder / "cert.pem").read_text())
    key.chmod(0o600)


def make_dropbear_key(folder: Path) -> None:
    tool = str(SERVERS / "system/usr/bin/dropbearkey")
    tool = tool if Path(tool).exists() else "dropbearkey"
    subprocess.run(
        [tool, "-t", "ed25519", "-f", folder / "key"],
        check=True, capture_output=True, env=environment_of(tool),
    )  # fmt: skip


SYSTEM = {
    "apache": (Started(("apache2", "-X", "-f", "{here}/apache.conf"),
                       {"apache.conf": APACHE}),
               "Apache web server"),
    "lighttpd": (Started(("lighttpd", "-D", "-f", "shop.conf", "-m", "{system}/lib/lighttpd"),
                         {"shop.conf": LIGHTTPD}),
                 "lighttpd, config shop.conf"),
    "caddy": (Started(("caddy", "file-server", "--root", "public", "--listen", "127.0.0.1:{port}"),
                      environment={"HOME": "{here}"}), "Caddy file server in public"),
    "haproxy": (Started(("haproxy", "-db", "-f", "haproxy.cfg"), {"haproxy.cfg": HAPROXY}),
                "HAProxy, config haproxy.cfg"),
    "squid": (Started(("squid", "-N", "-f", "{here}/squid.conf"), {"squid.conf": SQUID,
                                                                       "mime.conf": ""}),
              "Squid proxy"),
    "tinyproxy": (Started(("tinyproxy", "-d", "-c", "proxy.conf"), {"proxy.conf": TINYPROXY}),
                  "Tinyproxy"),
    "redis": (Started(("redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", "",
                       "--requirepass", SECRET)), f"Redis 127.0.0.1:{PORT}"),
    "memcached": (Started(("memcached", "-u", "root", "-l", "127.0.0.1", "-p", "{port}")),
                  "memcached"),
    "mariadb": (Started(("mariadbd", "--no-defaults", "--user=root", "--datadir={here}",
                         "--skip-grant-tables", "--bind-address=127.0.0.1", "--port={port}",
                         "--socket={here}/socket", "--lc-messages-dir={system}/share/mysql",
                         "--pid-file={here}/pid")),
                "MariaDB"),
    "mosquitto": (Started(("mosquitto", "-c", "{here}/mqtt.conf"), {"mqtt.conf": MOSQUITTO}),
                  "Mosquitto (MQTT)"),
    "nats": (Started(("nats-server", "-a", "127.0.0.1", "-p", "{port}", "--user", "ann",
                      "--pass", SECRET)), "NATS"),
    "beanstalkd": (Started(("beanstalkd", "-l", "127.0.0.1", "-p", "{port}")),
                   "beanstalkd (work queue)"),
    "dnsmasq": (Started(("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
                         "--no-hosts", "--no-resolv", "--user=root", "--port={port}",
                         "--pid-file={here}/pid", "--listen-address=127.0.0.1",
                         "--bind-interfaces")), "dnsmasq (DNS, DHCP)"),
    "unbound": (Started(("unbound", "-d", "-c", "{here}/unbound.conf"), {"unbound.conf": UNBOUND}),
                "Unbound (DNS)"),
    "bind": (Started(("named", "-f", "-c", "{here}/named.conf"), {"named.conf": NAMED}),
             "BIND (DNS)"),
    "socat": (Started(("socat", "TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr",
                       "TCP:127.0.0.1:9")), "socat relay to TCP:127.0.0.1:9"),
    "ncat": (Started(("ncat", "--listen", "--keep-open", "127.0.0.1", "{port}")), "netcat"),
    "iperf": (Started(("iperf3", "--server", "--bind", "127.0.0.1", "--port", "{port}")), "iperf"),
    "stunnel": (Started(("stunnel", "{here}/stunnel.conf"), {"stunnel.conf": STUNNEL},
                        make_certificate), "stunnel (TLS tunnel)"),
    "vsftpd": (Started(("vsftpd", "{here}/ftp.conf"), {"ftp.conf": VSFTPD}), "FTP server"),
    "dropbear": (Started(("dropbear", "-F", "-E", "-r", "{here}/key", "-p", "127.0.0.1:{port}",
                          "-P", "{here}/pid"), prepare=make_dropbear_key), "Dropbear SSH server"),
    "busybox": (Started(("busybox", "httpd", "-f", "-p", "127.0.0.1:{port}")),
                "BusyBox httpd"),
    "prometheus": (Started((str(SERVERS.parent / "prometheus/usr/bin/prometheus"),
                            "--web.listen-address=127.0.0.1:{port}", "--config.file=shop.yml"),
                           {"shop.yml": "global: {}"}), "Prometheus"),
}  # fmt: skip


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """Make a folder that belongs to no project."""
    folder = tmp_path / "folder" / "etc-shop"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("name", SYSTEM)
def test_servers_of_the_system(name: str, etc: Path) -> None:
    server, expected = SYSTEM[name]
    with started(server, etc) as process:
        found = shown(process, etc)
    for one in found:
        assert one.what == expected
        assert one.fields["project"] is None
        assert os.getpid() in [each["pid"] for each in one.fields["started_by"]]
        assert SECRET not in str({**one.fields, "command_line": None})


MASTERS = {
    "nginx": (Started(("nginx", "-c", "{here}/nginx.conf", "-e", "{here}/error"),
                      {"nginx.conf": NGINX}), 3,
              {"nginx, master process", "nginx, worker process"}),
    "nsd": (Started(("nsd", "-d", "-c", "{here}/nsd.conf"), {"nsd.conf": NSD}), 2,
            {"NSD (DNS)", "NSD (DNS), worker"}),
}  # fmt: skip


@pytest.mark.parametrize("name", MASTERS)
def test_masters_and_their_workers(name: str, etc: Path) -> None:
    server, count, expected = MASTERS[name]
    with started(server, etc) as process:
        found = shown(process, etc, least=count)
    names = {one.what for one in found}
    # Which processes of a server hold its socket is its own business.
    assert names <= expected
    assert any("worker" in name for name in names)


TUNNELS = {
    "-L": (("-N", "-L", "127.0.0.1:{port}:db01:5432"), "ssh tunnel to db01:5432 through 127.0.0.1"),
    "-L here": (("-N", "-L", "{port}:localhost:5432"), "ssh tunnel to 127.0.0.1:5432"),
    "-D": (("-N", "-D", "127.0.0.1:{port}"), "ssh SOCKS proxy through 127.0.0.1"),
    "-R": (("-N", "-R", "127.0.0.1:{port}:localhost:80"), "SSH session of root"),
    "sshd": (("-N",), "SSH server"),
}
SSHD_PORT = PORT + 1


@pytest.mark.skipif(not shutil.which("sshd"), reason="needs an SSH server")
@pytest.mark.parametrize("way", TUNNELS)
def test_ssh_and_its_tunnels(way: str, etc: Path) -> None:
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for key in ("host", "user"):
        keygen = [shutil.which("ssh-keygen") or "", "-q", "-t", "ed25519", "-N", ""]
        subprocess.run([*keygen, "-f", etc / key], check=True)
    shutil.copy(etc / "user.pub", etc / "authorized")
    public = (etc / "host.pub").read_text()
    daemon = Started(
        (shutil.which("sshd") or "", "-D", "-e", "-f", "{here}/sshd_config"),
        {
            "sshd_config": f"Port {SSHD_PORT}\nListenAddress 127.0.0.1\nHostKey {{here}}/host\n"
            "AuthorizedKeysFile {here}/authorized\nPermitRootLogin yes\nStrictModes no\n"
            "PidFile none\nUsePAM no\nAllowTcpForwarding yes\n",
            "known": f"[127.0.0.1]:{SSHD_PORT} {public}",
        },
    )
    words, expected = TUNNELS[way]
    client = (
        *("ssh", "-F", "none", "-i", "{here}/user", "-o", "UserKnownHostsFile={here}/known"),
        *("-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-p", str(SSHD_PORT)),
        *words, "root@127.0.0.1",
    )  # fmt: skip
    with started(daemon, etc) as server:
        # It listens before it is called.
        [listener] = shown(server, etc, port=SSHD_PORT)
        assert listener.what == "SSH server"
        if way == "sshd":
            return
        with started(Started(client), etc) as tunnel:
            assert {one.what for one in shown(tunnel, etc)} == {expected}
