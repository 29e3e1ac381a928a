"""What programs are called, from command lines as real machines show them."""

# ruff: noqa: E501 - command lines stand in one piece, as they are read

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.owners.container import Container, ContainerRuntime
from portview.domain.recognition.facts import ProgramFacts, Project
from portview.domain.recognition.recognise import LONGEST_WHAT, recognise
from portview.domain.recognition.rules import Rules, fill_in, read_rules
from portview.domain.recognition.secrets import MASK, mask, without_secrets
from portview.domain.recognition.special import SPECIAL
from portview.resources import resource_path

RULES = read_rules(resource_path("programs.toml").read_text(encoding="utf-8"))
SHOP = Project("my-shop", "/home/ann/my-shop/package.json")


def facts(
    command: str, executable: str = "", folder: str = "/home/ann/Downloads", **more: object
) -> ProgramFacts:
    words = tuple(command.split(" ")) if command else ()
    program = executable or (words[0] if words else "")
    name = program.replace("\\", "/").rpartition("/")[2]
    return ProgramFacts(name, program, words, folder, **more)  # type: ignore[arg-type]


def what(
    command: str, executable: str = "", folder: str = "/home/ann/Downloads", **more: object
) -> str:
    return recognise(facts(command, executable, folder, **more), RULES).what


SERVERS = [
    # of a project
    ("node /home/ann/my-shop/node_modules/.bin/vite", "my-shop · vite dev server"),
    (
        "node /h/my-shop/node_modules/.pnpm/vite@5.4.2/node_modules/vite/bin/vite.js preview",
        "my-shop · vite preview server",
    ),
    (r"C:\nodejs\node.exe C:\w\node_modules\vite\bin\vite.js --port 80", "my-shop · vite dev server"),
    ("/usr/bin/node /h/node_modules/.bin/next dev -p 3001", "my-shop · Next.js dev server"),
    ("node /h/node_modules/@angular/cli/bin/ng.js serve", "my-shop · Angular dev server"),
    ("node /h/node_modules/@vue/cli-service/bin/vue-cli-service.js serve", "my-shop · Vue dev server"),
    ("node /h/node_modules/react-scripts/scripts/start.js", "my-shop · React dev server"),
    ("node /h/node_modules/webpack/bin/webpack.js serve", "my-shop · webpack dev server"),
    ("node /h/node_modules/nuxt/bin/nuxt.mjs dev", "my-shop · Nuxt dev server"),
    ("node /h/node_modules/astro/astro.js dev", "my-shop · Astro dev server"),
    ("node /h/node_modules/gatsby/cli.js develop", "my-shop · Gatsby dev server"),
    ("node /h/node_modules/storybook/bin/index.cjs dev -p 6006", "my-shop · Storybook"),
    ("node --inspect -r dotenv/config dist/server.js", "my-shop · server.js (node)"),
    ("/h/v/bin/python3 /h/v/bin/uvicorn --port 80 shop.main:app", "my-shop · uvicorn shop.main:app"),
    ("/usr/bin/python3.12 -m uvicorn shop.main:app --reload", "my-shop · uvicorn shop.main:app"),
    ("uv run --with httpx uvicorn shop:app", "my-shop · uvicorn shop:app"),
    ("/h/v/bin/python /h/v/bin/gunicorn -w 4 shop.wsgi:application", "my-shop · gunicorn shop.wsgi:application"),
    ("/h/v/bin/python /h/v/bin/hypercorn shop:app", "my-shop · hypercorn shop:app"),
    ("/h/v/bin/python /h/v/bin/flask --app shop run -p 80", "my-shop · Flask shop"),
    ("python manage.py runserver 0.0.0.0:8000", "my-shop · Django development server 0.0.0.0:8000"),
    ("/h/v/bin/python /h/v/bin/streamlit run board.py", "my-shop · Streamlit board.py"),
    ("/h/v/bin/python -m celery -A shop worker", "my-shop · Celery shop"),
    ("/h/v/bin/python /h/v/bin/mkdocs serve", "my-shop · MkDocs preview"),
    ("ruby bin/rails server -p 3000", "my-shop · Rails server"),
    ("php artisan serve --port=8000", "my-shop · Laravel development server"),
    ("php -S 127.0.0.1:8000 -t public", "my-shop · PHP web server 127.0.0.1:8000 in public"),
    ("deno run --allow-net=:8000 main.ts", "my-shop · main.ts (deno)"),
    ("bun run server.ts", "my-shop · server.ts (bun)"),
    ("dotnet run --project Shop", "my-shop · dotnet run"),
    ("java -Xmx1g -jar /srv/shop-1.2.jar --server.port=9000", "my-shop · shop-1.2.jar (java)"),
    ("java Server.java", "my-shop · Server.java (java)"),
    ("java -cp shop.jar org.example.shop.Main", "my-shop · shop.Main (java)"),
    ("node .", "my-shop · node"),
    ("/home/ann/my-shop/target/debug/shopd serve", "my-shop · shopd serve"),
    ("/var/go-build12/b001/exe/main", "my-shop · main"),
    # of the machine
    ("python3 -m http.server 8080", "http.server 8080 in Downloads"),
    ("python3 -X dev -m http.server -d /srv/www 9000 --bind ::1", "http.server 9000 in www"),
    ("python3 -m http.server", "http.server 8000 in Downloads"),
    ("/usr/bin/python3 /usr/bin/jupyter-lab --no-browser", "JupyterLab in Downloads"),
    ("/v/bin/python /v/bin/jupyter-notebook /h/sales.ipynb", "Jupyter Notebook, notebook 'sales'"),
    ("/usr/sbin/nginx -c /etc/nginx/test.conf", "nginx, config test.conf"),
    ("/usr/sbin/apache2 -k start", "Apache web server"),
    ("caddy file-server --root /srv/site --listen :80", "Caddy file server in site"),
    (
        "/usr/lib/postgresql/16/bin/postgres -D /var/lib/postgresql/16/main -c config_file=/x",
        "postgres 16, cluster main",
    ),
    ("/usr/local/pgsql/bin/postgres -D /srv/data", "postgres, data in data"),
    ("/usr/sbin/mysqld --user=mysql", "MySQL"),
    ("/usr/bin/mongod --config /etc/mongod.conf", "MongoDB, config mongod.conf"),
    ("/usr/bin/redis-server", "Redis"),
    ("/usr/bin/memcached -m 64 -p 11211", "memcached"),
    ("/usr/bin/dockerd -H fd://", "Docker engine"),
    (
        ("/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 80 -container-ip 172.17.0.2 "
        "-container-port 8080"),
        "Docker, published port of 172.17.0.2:8080",
    ),
    ("ssh -N -L 5432:db01:5432 ops@bastion", "ssh tunnel to db01:5432 through bastion"),
    ("ssh -fNL 127.0.0.1:15432:localhost:5432 db01", "ssh tunnel to db01:5432"),
    ("ssh -D 1080 -N gate", "ssh SOCKS proxy through gate"),
    ("ssh -R 9000:localhost:3000 -N gate", "ssh tunnel from gate to this computer"),
    ("/usr/sbin/sshd -D", "SSH server"),
    ("kubectl port-forward -n shop svc/web 8080:80", "kubectl port-forward to web, 8080:80"),
    (
        "java -Dcatalina.base=/var/lib/tomcat10 -cp x org.apache.catalina.startup.Bootstrap start",
        "Apache Tomcat (tomcat10)",
    ),
    ("java -Xmx1g -cp /opt/kafka/libs/a.jar kafka.Kafka server.properties", "Apache Kafka"),
    ("/usr/lib/systemd/systemd-resolved", "systemd-resolved (DNS)"),
    ("/usr/sbin/cupsd -l", "CUPS (printing)"),
    ("/opt/prometheus/prometheus --config.file=p.yml", "Prometheus"),
    ("ollama serve", "Ollama server"),
    ("/usr/share/code/code --type=utility", "VS Code: forwarded port or extension"),
    (r"C:\Windows\System32\wslrelay.exe --mode 2", "WSL: forwarded port"),
    # of nobody's rules
    ("/opt/acme/acmed serve --verbose", "acmed serve"),
    ("/opt/acme/acmed --config /etc/acme.conf", "acmed"),
    (r"C:\Tools\Acme.exe", "Acme"),
    ("node -e require('http').createServer().listen(1)", "node, inline code"),
    ("perl -MIO::Socket -e x", "perl, inline code"),
    ("python3 /srv/tools/index.py", "tools/index.py (python)"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "expected"), SERVERS)
def test_a_server_is_named(command: str, expected: str) -> None:
    more = {"project": SHOP} if expected.startswith("my-shop") else {}
    assert what(command, **more) == expected


def test_there_are_at_least_forty_kinds() -> None:
    assert len({expected for _, expected in SERVERS}) >= 40


TITLES = [
    ("nginx: master process /usr/sbin/nginx -g daemon off;", "/usr/sbin/nginx", "nginx, master process"),
    ("nginx: worker process", "/usr/sbin/nginx", "nginx, worker process"),
    ("gunicorn: master [shop:app]", "/usr/bin/python3.11", "gunicorn shop:app, master"),
    ("postgres: 16/main: checkpointer ", "/usr/lib/postgresql/16/bin/postgres", "postgres 16, cluster main, checkpointer"),
    ("postgres: logger ", "/usr/pgsql-15/bin/postgres", "postgres, logger"),
    ("/usr/bin/redis-server 127.0.0.1:6379", "/usr/bin/redis-check-rdb", "Redis 127.0.0.1:6379"),
    ("redis-server *:7000 [cluster]", "/usr/bin/redis-server", "Redis *:7000, cluster"),
    ("next-server (v14.2.3)", "/usr/bin/node", "Next.js server v14.2.3"),
    ("sshd: ann@pts/0", "/usr/sbin/sshd", "SSH session of ann"),
    ("php-fpm: pool www", "/usr/sbin/php-fpm8.2", "PHP-FPM, pool www"),
    ("puma 6.4.2 (tcp://0.0.0.0:3000) [shop]", "/usr/bin/ruby3.1", "Puma shop"),
]  # fmt: skip


@pytest.mark.parametrize(("title", "executable", "expected"), TITLES)
def test_a_program_that_writes_its_title_is_named_by_it(
    title: str, executable: str, expected: str
) -> None:
    assert what(title, executable) == expected


@pytest.mark.parametrize(("title", "expected"), [(title, shown) for title, _, shown in TITLES[:4]])
def test_a_title_is_believed_of_its_own_program_only(title: str, expected: str) -> None:
    assert what(title, "/home/mallory/evil") != expected


def test_services_of_a_host_are_named() -> None:
    spooler = facts(
        r"C:\Windows\System32\svchost.exe -k x", services=(("Spooler", "Print Spooler"),)
    )
    assert recognise(spooler, RULES).what == "svchost: Print Spooler"


def test_a_container_comes_first_and_its_project_counts() -> None:
    container = Container(ContainerRuntime.DOCKER, "ab" * 32, "shop-web", "nginx:1", "shop", "web")
    found = recognise(
        facts("nginx: master process nginx", "/usr/sbin/nginx", container=container), RULES
    )
    assert found.what == "Docker container shop-web (Compose project shop) · nginx, master process"
    assert found.project == "shop"


def test_a_worker_goes_by_its_master() -> None:
    command = "/v/bin/python /v/bin/gunicorn -w 2 shop:app"
    worker = recognise(facts(command, project=SHOP, parent=facts(command)), RULES)
    assert worker.what.endswith("gunicorn shop:app, worker")
    assert worker.is_worker
    spawned = "/v/bin/python -c from_multiprocessing.spawn_import_spawn_main --multiprocessing.fork"
    worker = recognise(
        facts(spawned, "/v/bin/python", parent=facts(command, "/v/bin/python")), RULES
    )
    assert worker.what == "gunicorn shop:app, worker"
    other = recognise(facts(command, parent=facts("/bin/bash", "/bin/bash")), RULES)
    assert not other.is_worker


def test_what_was_read_is_said() -> None:
    found = recognise(facts("node x/node_modules/.bin/vite", project=SHOP), RULES)
    assert any("package.json" in source for source in found.sources)
    assert any("command line" in source for source in found.sources)
    assert recognise(ProgramFacts("nginx", "/usr/sbin/nginx"), RULES).what == "nginx"


SECRETS = [
    "hunter2secret", "s3cr3t-T0ken-1234567890abcdef", "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "AKIAIOSFODNN7EXAMPLE", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "0123456789abcdef0123456789abcdef", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
]  # fmt: skip
HIDING_PLACES = [
    "/opt/app/server serve --token {secret}",
    "/opt/app/server serve --api-key={secret}",
    "/opt/app/server {secret}",
    "mysqld --password={secret}",
    "mysql -p{secret}",
    "redis-server --requirepass {secret}",
    "node server.js {secret}",
    "node -e connect('{secret}')",
    "python -c key='{secret}'",
    "python manage.py runserver --secret-key {secret}",
    "uvicorn --ssl-keyfile-password {secret} shop:app",
    "flask run --app shop --secret {secret}",
    "java -Dspring.datasource.password={secret} -jar shop.jar",
    "java -jar shop.jar --spring.datasource.password={secret}",
    "ssh -o ProxyCommand=x{secret} gate",
    "kubectl port-forward --token {secret} svc/web 80:80",
    "ngrok http --authtoken {secret} 8080",
    "celery -A shop --broker redis://:{secret}@h/0 worker",
    "dotnet run --connection-string Server=x;Password={secret}",
    "sh -c PASSWORD={secret}",
    "env PASSWORD={secret} node server.js",
    "nginx: master process nginx {secret}",
    "gunicorn --env SECRET={secret} shop:app",
    "streamlit run --server.cookieSecret {secret} board.py",
]


@pytest.mark.parametrize("place", HIDING_PLACES)
@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_of_a_command_line_is_shown(place: str, secret: str) -> None:
    command = place.format(secret=secret)
    executable = command.partition(" ")[0]
    for program in (executable, "/usr/bin/python3", "/usr/sbin/nginx"):
        found = recognise(facts(command, program, project=SHOP), RULES)
        assert secret not in found.what
        assert secret not in " ".join(found.sources)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://bob:pw@db/x", f"postgres://{MASK}@db/x"),
        ("Authorization: Bearer abcdef123456", f"Authorization: {MASK} abcdef123456"),
        ("password=abc def", f"password={MASK} def"),
        ("my-shop · vite dev server", "my-shop · vite dev server"),
        ("/home/ann/ExampleProjectWithALongName/src", "/home/ann/ExampleProjectWithALongName/src"),
        ("org.example.shop.ShopApplicationMain", "org.example.shop.ShopApplicationMain"),
    ],
)
def test_what_looks_like_a_secret_is_masked_and_names_are_not(text: str, shown: str) -> None:
    masked = mask(text)
    assert masked == shown or MASK in shown


def test_values_of_options_that_name_a_secret_are_left_out() -> None:
    words = ("--token", "x", "--port", "80", "--db-password=y", "--auth-token", "--verbose", "z")
    assert without_secrets(words) == (
        "--token", "--port", "80", "--db-password", "--auth-token", "--verbose", "z",
    )  # fmt: skip


HOSTILE = "a\x1b[31mb\u202ec\n<b>d</b>{1}[x]\u0000"


@pytest.mark.parametrize("place", range(4))
def test_hostile_names_stay_inert(place: int) -> None:
    command = [f"node /x/node_modules/{HOSTILE}/y.js", f"/opt/{HOSTILE} serve", f"python -m {HOSTILE}",
               f"sshd: {HOSTILE}"][place]  # fmt: skip
    found = recognise(
        facts(command, folder=f"/{HOSTILE}", project=Project(HOSTILE, HOSTILE)), RULES
    )
    for text in (found.what, found.project, *found.sources):
        assert text.isprintable()
        assert len(text) <= LONGEST_WHAT


@given(st.lists(st.text(max_size=40), max_size=8), st.text(max_size=30), st.text(max_size=30))
def test_anything_is_described_in_one_short_line(words: list[str], name: str, folder: str) -> None:
    found = recognise(ProgramFacts(name, name, tuple(words), folder, Project(name, folder)), RULES)
    for text in (found.what, found.project, *found.sources):
        assert len(text) <= LONGEST_WHAT
        assert "\n" not in text


@given(st.lists(st.sampled_from(
    ["node", "python", "-m", "-c", "uv", "run", "env", "A=b", "npx", "java", "-jar", "x.jar", "ssh",
     "-L", "1:h:2", "sudo", "-u", "vite", "--", "-", "", "manage.py", "runserver"]), max_size=9))  # fmt: skip
def test_any_order_of_words_is_read(words: list[str]) -> None:
    recognise(ProgramFacts("x", "/bin/x", tuple(words)), RULES)


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("a {x|y:z}", "a z"),
        ("a[ in {x}]", "a"),
        ("a[ in {y}]", "a in Y"),
        ("{x|y} b", "Y b"),
    ],
)
def test_templates_are_filled_in(template: str, shown: str) -> None:
    assert fill_in(template, {"y": "Y"}) == shown.replace(" z", " Y") if "y" in template else shown


def test_every_rule_is_well_formed() -> None:
    assert isinstance(RULES, Rules)
    for programs in RULES.programs.values():
        for program in programs:
            assert program.label
            assert not program.reader or program.reader in SPECIAL
            assert program.runtimes <= RULES.launchers.runtimes.keys()
    assert len(RULES.programs) > 150


@pytest.mark.parametrize(
    "words", [("a" * 10**6,), ("-x",) * 10**5, ("env",) * 10**4, ("=",) * 10**5]
)
def test_an_endless_command_line_is_described_all_the_same(words: tuple[str, ...]) -> None:
    # What takes more than a moment here would not end within the test's time limit.
    master = ProgramFacts("x", "/bin/x", words)
    assert recognise(replace(master, parent=master), RULES).is_worker


@pytest.mark.parametrize(
    ("environment", "project"),
    [
        ({"npm_package_name": "shop-web"}, "shop-web"),
        ({"COMPOSE_PROJECT_NAME": "shop", "VIRTUAL_ENV": "/srv/x/.venv"}, "shop"),
        ({"VIRTUAL_ENV": "/srv/shop-api/.venv"}, "shop-api"),
        ({"VIRTUAL_ENV": "/home/ann/.virtualenvs/shop"}, "shop"),
        ({"VIRTUAL_ENV": r"C:\shop\venv"}, "shop"),
        ({"VIRTUAL_ENV": "/", "npm_package_name": ""}, ""),
    ],
)
def test_a_project_that_only_the_environment_names(
    environment: dict[str, str], project: str
) -> None:
    found = recognise(facts("python shopd.py", environment=environment), RULES)
    assert found.project == project
    assert found.what == (f"{project} · " if project else "") + "shopd.py (python)"
    assert any("environment" in source for source in found.sources) is bool(project)
    # Files are the better witness: a variable may have come from further up.
    found = recognise(facts("python server.py", project=SHOP, environment=environment), RULES)
    assert found.project == "my-shop"


def test_a_kernel_is_named_by_its_notebook() -> None:
    command = "python -m ipykernel_launcher -f /run/kernel-1.json"
    session = {"JPY_SESSION_NAME": "/home/ann/sales.ipynb"}
    assert what(command, environment=session) == "Jupyter kernel, notebook 'sales'"
    assert what(command) == "Jupyter kernel in Downloads"


def test_an_archive_is_named_by_its_manifest() -> None:
    title = {"implementation-title": "Corner Shop", "implementation-version": "1.2"}
    assert what("java -jar shop.jar", manifest=title) == "Corner Shop 1.2 (java)"
    spring = {"start-class": "org.example.ShopApplication", "spring-boot-version": "3.5"}
    assert what("java -jar shop.jar", manifest=spring) == "ShopApplication (Spring Boot)"
    assert what("java -jar shop.jar", manifest=title | spring) == "Corner Shop (Spring Boot)"


def test_a_title_over_a_longer_command_line() -> None:
    words = ("http-server", *[""] * 40)
    found = recognise(ProgramFacts("node", "/usr/bin/node", words, "/srv/shop"), RULES)
    assert found.what == "http-server in shop"
