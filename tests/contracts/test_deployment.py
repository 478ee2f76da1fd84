"""Procfile, compose file, Dockerfile and the code say the same about commands, queues and settings."""

import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from shared.cli.main import dearrep
from shared.local import children
from shared.paths import ROOT
from shared.queue.names import QueueName
from shared.settings import ENVIRONMENT_NAMES, from_env

COMPOSE = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APP_SERVICES = {name: service for name, service in SERVICES.items() if service["image"] == "dearrep"}
PROCFILE = dict(
    line.split(": ", 1) for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines() if line.strip()
)
COMMANDS = {f"Procfile {name}": shlex.split(line) for name, line in PROCFILE.items()}
COMMANDS |= {f"compose {name}": service["command"] for name, service in APP_SERVICES.items()}
COMMANDS |= {
    f"make run {child.name}": ["python", *child.command[1:]]
    for child in (
        children.mailbox(),
        children.inbound(),
        children.worker(),
        children.scheduler(Path("var")),
        children.web(8000),
    )
}
MODULES = {"celery", "granian", "shared.cli.main", "shared.local.inbound", "shared.local.mailbox"}


def queues(command: list[str]) -> set[str]:
    return set(command[command.index("-Q") + 1].split(",")) if "-Q" in command else set()


@pytest.mark.parametrize("where", ["Procfile", "compose", "make run"])
def test_every_queue_is_consumed_once(where: str) -> None:
    consumed = [queue for name, command in COMMANDS.items() if name.startswith(where) for queue in queues(command)]
    assert sorted(consumed) == sorted(QueueName)


@pytest.mark.parametrize("where", ["Procfile", "compose"])
def test_retries_have_workers_of_their_own(where: str) -> None:
    workers = [queues(command) for name, command in COMMANDS.items() if name.startswith(where) and queues(command)]
    assert not any({"delivery", "retry"} <= consumed for consumed in workers)


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_name_what_is_there(name: str) -> None:
    command = COMMANDS[name]
    assert command[:2] == ["python", "-m"]
    assert command[2] in MODULES
    if command[2] == "celery":
        assert command[3:5] == ["-A", "worker.app"]
        assert (ROOT / "worker" / "app.py").is_file()
    if command[2] == "granian":
        assert command[-1] == "web.wsgi:app"
        assert (ROOT / "web" / "wsgi.py").is_file()
    if command[2] == "shared.cli.main":
        group = dearrep.get_command(click.Context(dearrep), command[3])
        assert isinstance(group, click.Group)
        assert command[4] in group.commands


def test_the_web_server_is_the_same_everywhere() -> None:
    options = {"--interface": "rsgi", "--http": "1", "--backlog": "4096", "--backpressure": "4096"}
    for command in COMMANDS.values():
        if command[2] == "granian":
            assert options.items() <= dict(pairwise(command)).items()


def test_compose_gives_every_setting_and_no_other() -> None:
    for service in APP_SERVICES.values():
        assert set(service["environment"]) == set(ENVIRONMENT_NAMES.values())


def test_compose_settings_are_good_ones() -> None:
    filled = {
        name: re.sub(r"\$\{[^}]*\}", "a-value-of-the-person-at-32-characters", value)
        for name, value in APP_SERVICES["web"]["environment"].items()
    }
    filled |= {
        "DEARREP_PUBLIC_URL": "https://letters.example",
        "DEARREP_MAIL_RELAY_URL": "",
        "DEARREP_MAIL_ROUTE": "",
        "DEARREP_GEOCODERS": "",
        "DEARREP_WEBHOOKS": "",
        "DEARREP_LOG_LEVEL": "INFO",
        "DEARREP_TIMING": "",
        "DEARREP_METRICS_PORT": "",
        "DEARREP_TRUSTED_PROXIES": "",
        "DEARREP_NETWORK_LIMIT": "",
        "DEARREP_EMAIL_LIMIT": "",
        "DEARREP_FASTEST_SEND": "",
        "DEARREP_KEEP_DAYS": "",
        "DEARREP_MAILBOX_PER_HOUR": "",
        "DEARREP_EXPORT_HOURS": "",
        "DEARREP_DNS_SERVERS": "",
    }
    settings = from_env(filled)
    assert settings.environment == "production"
    assert settings.secure_cookies


def test_compose_commits_no_secret() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "DEARREP_SECRET_KEY"):
        assert re.search(rf"{name}: (?!\$\{{)", text) is None
        assert re.search(rf"^{name}=$", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


def test_compose_is_valid() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, str(ROOT / "docker-compose.yml")], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_waits_for_health_and_migration() -> None:
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name, service in APP_SERVICES.items():
        if name != "migrate":
            assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
            assert service["depends_on"]["redis"] == {"condition": "service_healthy"}
    assert all("healthcheck" in service for name, service in SERVICES.items() if name != "migrate")


def test_compose_redis_keeps_rings() -> None:
    command = SERVICES["redis"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_image_runs_as_an_ordinary_user_from_the_lock() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER dearrep$", lines, re.MULTILINE)
    assert "--require-hashes" in lines
    copied = re.findall(r"^COPY (\w+) \w+$", lines, re.MULTILINE)
    assert {f"!{name}" for name in copied} <= set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {"shared", "web", "worker", "templates", "campaigns"} == set(copied)


def test_operations_page_names_every_setting() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    assert named == {*ENVIRONMENT_NAMES.values(), "DEARREP_PORT"}


def test_ci_runs_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "exec make test" in script.read_text(encoding="utf-8")
