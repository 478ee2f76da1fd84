"""The embedded servers: start, stop, kill -9, stale locks, long paths."""

import os
import signal
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import Engine, text

from shared.local import processes
from shared.local.broker import EmbeddedBroker, is_free
from shared.local.postgres import EmbeddedPostgres

PASSWORD = "for-tests-only"


def test_tables_are_there_and_empty(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM letter")).scalar_one() == 0
        assert connection.execute(text("SHOW server_encoding")).scalar_one() == "UTF8"


def test_a_few_hundred_questions_stay_prepared(engine: Engine) -> None:
    with engine.connect() as connection:
        for _ in range(2):
            for number in range(300):
                for _ in range(4):
                    connection.execute(text(f"SELECT {number}"))
        assert connection.scalar(text("SELECT count(*) FROM pg_prepared_statements")) >= 300


def test_a_wrong_password_is_refused(postgres_server: EmbeddedPostgres) -> None:
    stranger = EmbeddedPostgres(postgres_server.home, password="wrong", log=postgres_server.log)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(stranger.url())
    assert not stranger.is_running()


def test_the_socket_folder_is_private(postgres_server: EmbeddedPostgres) -> None:
    assert postgres_server.sockets.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def cluster(engine_room: Path) -> EmbeddedPostgres:
    home = engine_room / "own"
    return EmbeddedPostgres(home, password=PASSWORD, log=engine_room / "own.log", durable=False)


def test_data_survive_kill_and_a_recycled_pid(cluster: EmbeddedPostgres) -> None:
    cluster.start()
    try:
        with psycopg.connect(cluster.url(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
            connection.execute("CHECKPOINT")
        process = processes.recorded(cluster.pid_file)
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        assert processes.wait_until(lambda: processes.recorded(cluster.pid_file) is None, 10)
        lock = cluster.data / "postmaster.pid"
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        cluster.start()
        with psycopg.connect(cluster.url()) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    finally:
        cluster.stop()
    assert not cluster.is_running()


def test_a_second_start_finds_the_running_server(postgres_server: EmbeddedPostgres) -> None:
    before = postgres_server.pid_file.read_text()
    postgres_server.start()
    assert postgres_server.pid_file.read_text() == before


def test_a_long_path_gets_a_short_socket(engine_room: Path) -> None:
    home = engine_room / ("long-" * 20)
    server = EmbeddedPostgres(home, password=PASSWORD, log=engine_room / "long.log", durable=False)
    server.start()
    try:
        assert server.is_running()
        assert len(str(server.sockets)) < 80
    finally:
        server.stop()
        server.sockets.rmdir()


def test_broker_refuses_strangers(broker_server: EmbeddedBroker) -> None:
    stranger = redis.Redis(host="127.0.0.1", port=broker_server.port)
    with pytest.raises(redis.AuthenticationError):
        stranger.ping()
    stranger.close()


def test_broker_keeps_its_port_and_survives_kill(engine_room: Path) -> None:
    server = EmbeddedBroker(engine_room / "broker-own", password=PASSWORD, log=engine_room / "broker-own.log")
    # Of those that the system gives to no client, which could take it while the server is away.
    port = next(number for number in range(20_000, 30_000) if is_free(number))
    server.home.mkdir()
    (server.home / "port").write_text(f"{port}\n")
    server.start()
    try:
        assert server.port == port
        process = processes.recorded(server.pid_file)
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        # The system takes a moment to free the port of a process that ended.
        assert processes.wait_until(lambda: not server.is_running() and is_free(port), 10)
        server.start()
        assert server.port == port
    finally:
        server.stop()


def test_broker_puts_unreadable_contents_aside(engine_room: Path) -> None:
    server = EmbeddedBroker(engine_room / "broker-bad", password=PASSWORD, log=engine_room / "broker-bad.log")
    server.start()
    server.stop()
    damaged = [path for path in server.home.rglob("*.aof") if path.is_file()] + list(server.home.rglob("*.manifest"))
    assert damaged
    for path in damaged:
        path.write_bytes(b"not a log of commands\r\n")
    server.start()
    try:
        assert server.is_running()
    finally:
        server.stop()
