"""`dearrep up`: everything on one machine until Ctrl-C. A composition root: it makes the children's environment."""

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import Connection, Engine

from shared.cli.stack import bring_up_to_date, local_servers, process_environment, with_servers
from shared.db.directory import is_complete
from shared.db.engine import make_engine
from shared.domain.campaigns import StoredCampaign
from shared.domain.running_words import place_words
from shared.errors import CampaignFileError, DearRepError, NotFound
from shared.local import children
from shared.local.locks import FileLock
from shared.local.ports import DEFAULT_PORT, choose_mailbox_port, choose_web_port
from shared.local.processes import LocalError
from shared.local.servers import LocalServers
from shared.local.supervisor import Child, Supervisor
from shared.paths import CAMPAIGNS, ROOT
from shared.services.campaigns import import_campaign, is_published, list_campaigns, read_campaign
from shared.services.lookup import has_real_directory
from shared.services.organizers import issue_one_time_password
from shared.services.previews import renew_preview
from shared.services.relay import with_relay
from shared.services.secret_key import check_key
from shared.settings import ENVIRONMENT_NAMES, Settings, from_env

_READY_SECONDS = 60.0
_PORT_VARIABLE = "DEARREP_PORT"


@click.command(name="up")
@click.option("--port", type=click.IntRange(1, 65535), envvar=_PORT_VARIABLE, help="Port of the pages (8000).")
@click.option("--download/--no-download", default=True, help="Fetch the legislators in the background at first.")
def up_command(port: int | None, *, download: bool) -> None:
    """Start everything on this machine; Ctrl-C stops it."""
    env = process_environment()
    if env.get(ENVIRONMENT_NAMES["environment"]) == "production":
        raise LocalError("`dearrep up` is for one machine. In production start the processes of Procfile.")
    servers = local_servers(env)
    if servers is None:
        raise LocalError("DATABASE_URL, REDIS_URL and the secret key are all set: start the processes of Procfile.")
    only = FileLock(servers.var / "run" / "up.lock")
    if not only.take(wait=False):
        where = servers.read_addresses().get("public_url", "another terminal")
        raise LocalError(f"Dear Rep already runs from this folder, at {where}.")
    try:
        _House(env, servers, port, download=download).run()
    finally:
        only.release()


@dataclass
class _House:
    """One run of everything."""

    given: Mapping[str, str]
    servers: LocalServers
    port: int | None
    download: bool

    def run(self) -> None:
        """From the first server to the last one stopped."""
        supervisor = Supervisor(self.servers.var, {}, ROOT, click.echo)
        supervisor.listen_for_signals()
        supervisor.end_leftovers()
        self.servers.write_addresses()
        port = choose_web_port(self.port)
        if self.port is None and port != DEFAULT_PORT:
            click.echo(f"Port {DEFAULT_PORT} is taken by another program; using {port}.")
        click.echo("Starting Dear Rep ...")
        try:
            self.servers.attach()
            env = self._environment(port)
            supervisor.env = env
            self._open(supervisor, from_env(env), port)
        finally:
            click.echo("Stopping ...")
            supervisor.stop_all()
            self.servers.write_addresses()
            if not self.servers.detach():
                click.echo("Another dearrep command still uses the database; it stops the database when it is done.")
        click.echo("Stopped. Your data are kept; `make run` starts again.")

    def _open(self, supervisor: Supervisor, settings: Settings, port: int) -> None:
        """Prepares the database, starts the children, tells where everything is, and watches."""
        engine = make_engine(settings.database_url, pool_size=2)
        try:
            bring_up_to_date(engine, embedded=self.servers.postgres is not None)
            check_key(engine, settings)
            import_new_campaigns(engine)
            for child in (
                children.mailbox(),
                *((children.inbound(),) if settings.inbound_url else ()),
                children.worker(),
                children.scheduler(self.servers.var),
                children.web(port),
            ):
                supervisor.start(child)
            if not supervisor.wait_for(lambda: is_ready(port), _READY_SECONDS):
                if supervisor.stopping.is_set():
                    return
                raise LocalError(f"The pages are not up after {_READY_SECONDS:.0f} s. Logs: {self.servers.var}/log")
            self.servers.write_addresses(public_url=settings.public_url, mailbox_url=settings.mailbox_url)
            click.echo(welcome(engine, settings))
            self._fetch_directories(supervisor, engine)
            supervisor.watch(self.servers)
        finally:
            engine.dispose()

    def _environment(self, port: int) -> dict[str, str]:
        """What every child gets: our addresses, where the person named none."""
        env = with_servers({name: value for name, value in self.given.items() if value.strip()}, self.servers)
        env.setdefault(ENVIRONMENT_NAMES["public_url"], f"http://{children.HOST}:{port}")
        env.setdefault(ENVIRONMENT_NAMES["mailbox_url"], f"smtp://{children.HOST}:{choose_mailbox_port()}")
        env[ENVIRONMENT_NAMES["var"]] = str(self.servers.var)
        env["PYTHONPATH"] = str(ROOT)
        env["PYTHONUNBUFFERED"] = "1"
        return env

    def _fetch_directories(self, supervisor: Supervisor, engine: Engine) -> None:
        """Downloads the legislators and districts of campaigns that have none yet."""
        for state in states_without(engine, is_there=has_directory) if self.download else ():
            command = (sys.executable, "-m", "shared.cli.main", "setup", state, "--directory-only")
            log = supervisor.log_file(f"setup-{state}")

            def tell(code: int, state: str = state, log: Path = log) -> None:
                name, advice = state.upper(), f".venv/bin/dearrep setup {state}"
                if code != 0:
                    click.echo(
                        f"The legislators of {name} could not be fetched; practice data stay. Again: {advice} ({log})"
                    )
                elif state in states_without(engine, is_there=has_real_directory):
                    click.echo(f"The legislators of {name} are here; the streets, to find them by, are not: {advice}")
                else:
                    click.echo(f"The legislators of {name} are here: real names and districts from now on.")

            supervisor.start(Child(f"setup-{state}", command, once=True, on_end=tell))


def import_new_campaigns(engine: Engine) -> None:
    """Imports the campaign files whose campaign is not there yet; a file is named after its campaign's slug."""
    for file in sorted(CAMPAIGNS.glob("*.md")):
        try:
            read_campaign(engine, file.stem)
        except NotFound:
            try:
                import_campaign(engine, file.read_text(encoding="utf-8"), name=file.name, folder=CAMPAIGNS)
            except CampaignFileError as error:
                raise DearRepError(f"{file.name} can't be imported: {'; '.join(error.problems)}") from None


def states_without(engine: Engine, *, is_there: Callable[[Connection, str], bool]) -> list[str]:
    """The states with campaigns of which something is not there yet, by their two letters."""
    states = {stored.campaign.jurisdiction for stored in list_campaigns(engine)}
    with engine.connect() as connection:
        return sorted(state for state in states if not is_there(connection, state))


def has_directory(connection: Connection, state: str) -> bool:
    """True when legislators and districts are there, with or without streets to find them by."""
    return is_complete(connection, state, without_addresses=True)


def is_ready(port: int) -> bool:
    """True when the pages say that all their parts answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{children.HOST}:{port}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False


def _relay_words(engine: Engine, settings: Settings) -> str:
    used = with_relay(engine, settings)
    if not used.relay_configured:
        return "none: every letter stays in the mailbox"
    return f"{place_words(used.mail_relay_url)}: letters of live campaigns leave through it"


def _page_path(engine: Engine, stored: StoredCampaign) -> str:
    """A draft opens by a preview link, which stops working at the next start."""
    slug = stored.campaign.slug
    return f"/c/{slug}" if is_published(stored) else renew_preview(engine, slug, actor="dearrep up")


def welcome(engine: Engine, settings: Settings) -> str:
    """Where everything is, for the person at the terminal."""
    password = issue_one_time_password(engine, settings.organizer_email)
    url = settings.public_url
    lines = ["", "Dear Rep is running.", ""]
    lines += [f"  Campaign page   {url}{_page_path(engine, stored)}" for stored in list_campaigns(engine)]
    lines += [
        f"  Dashboard       {url}/admin/",
        f"                  email {settings.organizer_email}   one-time password {password}",
        f"  Mailbox         {url}/admin/mailbox",
        f"  Mail relay      {_relay_words(engine, settings)}",
        "",
    ]
    if states_without(engine, is_there=has_real_directory):
        lines += ["  Practice data are in use: no real legislator is written to.", ""]
    lines += ["Stop with Ctrl-C.", ""]
    return "\n".join(lines)
