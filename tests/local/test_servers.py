"""The servers of one checkout: shared between commands, stopped by the last one, private files, two checkouts apart."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shared.cli.stack import with_servers
from shared.local.engine_place import choose_home
from shared.local.locks import FileLock
from shared.local.processes import LocalError
from shared.local.servers import LocalServers


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "var"
    yield folder
    home = choose_home(folder)
    if folder not in home.parents:
        shutil.rmtree(home)


def test_the_last_command_stops_the_servers(var: Path) -> None:
    first, second = LocalServers(var), LocalServers(var)
    assert first.postgres is not None
    assert first.broker is not None
    first.attach()
    try:
        second.attach()
        url = first.postgres.url()
        assert not first.detach()
        with psycopg.connect(url) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    finally:
        assert second.detach()
    assert not first.postgres.is_running()
    assert not first.broker.is_running()
    assert first.credentials == LocalServers(var).credentials


@pytest.mark.parametrize("what", ["secrets", "everything"])
def test_data_without_their_password_are_kept_and_named(var: Path, what: str) -> None:
    servers = LocalServers(var)
    servers.attach()
    servers.detach()
    assert servers.postgres is not None
    home = servers.postgres.home
    if what == "secrets":
        (var / "secrets").unlink()
        with pytest.raises(LocalError, match="secrets is missing"):
            LocalServers(var)
        return
    shutil.rmtree(var)
    again = LocalServers(var)
    again.attach()
    again.detach()
    # Root's data are elsewhere and outlive the folder; an ordinary user's were in it.
    assert len(list(home.glob("data.2*"))) == (0 if var in home.parents else 1)


def test_secrets_are_private(var: Path) -> None:
    servers = LocalServers(var)
    assert (var / "secrets").stat().st_mode & 0o777 == 0o600
    assert len(servers.credentials.secret_key) >= 32
    assert servers.credentials.secret_key not in repr(servers.credentials)


def test_a_fallen_server_is_found_and_started_again(var: Path) -> None:
    servers = LocalServers(var, with_postgres=False)
    assert servers.broker is not None
    servers.attach()
    try:
        assert servers.fallen() == ""
        servers.broker.stop()
        assert servers.fallen() == "broker"
        servers.restart_fallen()
        assert servers.fallen() == ""
    finally:
        servers.detach()


def test_two_checkouts_have_their_own_home(tmp_path: Path, var: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    var.mkdir()
    home = choose_home(other)
    assert home != choose_home(var)
    assert home == choose_home(other)
    if other not in home.parents:
        shutil.rmtree(home)


def test_a_copy_of_a_checkout_gets_its_own_home(tmp_path: Path, var: Path) -> None:
    var.mkdir()
    home = choose_home(var)
    copy = tmp_path / "copy"
    shutil.copytree(var, copy)
    home_of_copy = choose_home(copy)
    assert home_of_copy != home
    if copy not in home_of_copy.parents:
        shutil.rmtree(home_of_copy)


def test_commands_learn_where_the_pages_are(var: Path) -> None:
    servers = LocalServers(var)
    assert servers.read_addresses() == {}
    servers.write_addresses(mailbox_url="smtp://127.0.0.1:18025")
    env = with_servers({}, LocalServers(var))
    assert env["DEARREP_MAILBOX_URL"] == "smtp://127.0.0.1:18025"
    assert with_servers({"DEARREP_MAILBOX_URL": "mine"}, servers)["DEARREP_MAILBOX_URL"] == "mine"
    servers.write_addresses()
    assert "DEARREP_MAILBOX_URL" not in with_servers({}, servers)


def test_a_lock_keeps_others_out(tmp_path: Path) -> None:
    one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.take(wait=False)
    assert not other.take(wait=False)
    one.release()
    assert other.take(shared=True, wait=False)
    assert one.take(shared=True, wait=False)
    assert not one.take(wait=False)
    one.release()
    other.release()
