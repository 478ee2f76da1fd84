"""`dearrep simulate` and `dearrep campaign rehearse` at a terminal: what they refuse, and what they say."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from shared.cli import simulate
from shared.cli.campaigns import campaign
from shared.cli.simulate import is_sink, simulate_command
from shared.domain.states import CampaignState
from shared.errors import NotAllowed
from shared.local.broker import free_port
from shared.local.listening import listen
from shared.local.mailbox import make_listener
from shared.local.simulated_mail import SimulatedServers
from shared.services.campaigns import change_campaign_state
from shared.settings import ENVIRONMENT_NAMES, Settings
from tests.factories import make_draft
from tests.smtp_server import ScriptedSmtpServer


@pytest.fixture
def sink(engine: Engine) -> Iterator[str]:
    """The local mailbox."""
    port, ready = free_port(), threading.Event()
    stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    simulated = SimulatedServers(lambda *_: None)

    async def run() -> None:
        stopping = asyncio.Event()
        stops.append((asyncio.get_running_loop(), stopping))
        asyncio.get_running_loop().call_later(0.05, ready.set)
        await listen(lambda: make_listener(engine, simulated), "127.0.0.1", port, stopping)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    yield f"smtp://127.0.0.1:{port}"
    loop, stopping = stops[0]
    loop.call_soon_threadsafe(stopping.set)
    thread.join(10)


@pytest.fixture
def environment(settings: Settings, sink: str, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for field in ("database_url", "redis_url", "secret_key"):
        monkeypatch.setenv(ENVIRONMENT_NAMES[field], getattr(settings, field))
    monkeypatch.setenv(ENVIRONMENT_NAMES["mailbox_url"], sink)
    return monkeypatch


def test_another_mail_server_is_no_sink(sink: str) -> None:
    assert is_sink(sink)
    with ScriptedSmtpServer() as server:
        assert not is_sink(server.url)
    assert not is_sink("smtp://127.0.0.1:1")


def test_it_refuses_where_it_would_harm(environment: pytest.MonkeyPatch, engine: Engine) -> None:
    run = CliRunner().invoke
    environment.setenv(ENVIRONMENT_NAMES["mail_relay_url"], "smtp://127.0.0.1:1")
    refused = run(simulate_command, [])
    assert isinstance(refused.exception, NotAllowed)
    assert "A mail relay is set" in str(refused.exception)
    environment.delenv(ENVIRONMENT_NAMES["mail_relay_url"])
    make_draft(engine)
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    assert "co-ops is live" in str(run(simulate_command, []).exception)
    environment.setenv(ENVIRONMENT_NAMES["mailbox_url"], "smtp://127.0.0.1:1")
    assert "does not answer" in str(run(simulate_command, ["--yes"]).exception)
    assert run(simulate_command, ["--clean"]).output == "There is no simulated action day.\n"


def test_it_ends_by_itself_and_says_whether_counts_add_up(environment: pytest.MonkeyPatch) -> None:
    environment.setattr(simulate, "_LOOK_EVERY_S", 0.2)
    environment.setattr(simulate, "_DRAIN_S", 0.5)
    run = CliRunner().invoke
    # Nobody works the queue here: the letters are not made, and it says so.
    said = run(simulate_command, ["--supporters", "3", "--minutes", "0.05", "--direct"])
    assert said.exit_code == 1
    assert "3 of 3 wrote" in said.output
    assert "COUNTS DO NOT ADD UP." in said.output
    assert "NOT SEEN vacant seats: no letter" in said.output
    assert run(simulate_command, ["--clean"]).output == "Removed.\n"


def test_a_rehearsal_at_a_terminal_says_what_to_mend(environment: pytest.MonkeyPatch, engine: Engine) -> None:
    make_draft(engine)
    said = CliRunner().invoke(campaign, ["rehearse", "co-ops"])
    assert said.exit_code == 1
    assert "2 letters written, 2 arrived" in said.output
    assert "→ Import legislators, districts and streets: dearrep setup ma" in said.output
    again = CliRunner().invoke(campaign, ["rehearse", "co-ops"])
    assert "Since the last rehearsal: nothing has changed." in again.output
