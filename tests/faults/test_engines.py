"""Rows of the fault table about Redis and PostgreSQL: emptied, killed, frozen, cut off, full, restored."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psutil
import pytest
import redis
from sqlalchemy import text, update

from shared.db.installation import read_switches
from shared.db.tables import installation
from shared.services.delivery.recover import accept_database
from shared.services.delivery.run import journal_folder
from tests.faults.conftest import Stack
from tests.faults.test_workers import check, everything_paused, write
from tests.tcp_server import serving_tcp
from tests.waiting import wait_until

pytestmark = pytest.mark.faults


def broker_of(stack: Stack) -> redis.Redis:
    return redis.Redis.from_url(stack.settings.redis_url)


def broker_process(stack: Stack) -> psutil.Process:
    return psutil.Process(int(stack.broker.pid_file.read_text().split()[0]))


def write_in_threads(stack: Stack, number: int) -> list[threading.Thread]:
    """Supporters who write through the web tier while something happens."""
    writers = [threading.Thread(target=stack.client.write, args=(f"e{n}@example.org",)) for n in range(number)]
    for writer in writers:
        writer.start()
    return writers


def finish(stack: Stack, writers: list[threading.Thread], told: int, *, uncertain: int = 0) -> None:
    for writer in writers:
        writer.join()
    assert len(stack.client.told) >= told
    check(stack, 2 * len(set(stack.client.told)), uncertain=uncertain)


def test_redis_emptied_again_and_again(stack: Stack) -> None:
    writers = write_in_threads(stack, 5)
    for _ in range(10):
        broker_of(stack).flushall()
        time.sleep(0.1)
    finish(stack, writers, 5)


@pytest.mark.parametrize("keeps", [True, False], ids=["with its log", "without"])
def test_redis_killed_and_started_again(stack: Stack, *, keeps: bool) -> None:
    workers = list(stack.fleet.workers)
    writers = write_in_threads(stack, 4)
    broker_process(stack).kill()
    if not keeps:
        for data in stack.broker.home.glob("data-*/appendonlydir/*"):
            data.unlink()
    time.sleep(1)
    stack.broker.start()
    finish(stack, writers, 4)
    assert all(worker.poll() is None for worker in workers)


def test_redis_gone_for_good_while_people_write(stack: Stack) -> None:
    stack.broker.stop()
    try:
        finish(stack, write_in_threads(stack, 3), 3)
    finally:
        stack.broker.start()


def test_redis_out_of_memory(stack: Stack) -> None:
    broker_of(stack).config_set("maxmemory", "1")
    try:
        finish(stack, write_in_threads(stack, 3), 3)
    finally:
        broker_of(stack).config_set("maxmemory", "0")


def test_redis_frozen(stack: Stack) -> None:
    process = broker_process(stack)
    process.suspend()
    try:
        finish(stack, write_in_threads(stack, 2), 2)
    finally:
        process.resume()


def test_redis_read_only(stack: Stack) -> None:
    workers = list(stack.fleet.workers)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        broker_of(stack).execute_command("REPLICAOF", "127.0.0.1", nobody.getsockname()[1])
        try:
            finish(stack, write_in_threads(stack, 3), 3)
        finally:
            broker_of(stack).execute_command("REPLICAOF", "NO", "ONE")
    assert all(worker.poll() is None for worker in workers)


def test_redis_half_open(stack: Stack) -> None:
    """A middlebox that keeps the sockets and swallows what is said on them."""
    with black_hole(stack.broker.port) as (port, swallow):
        through = stack.settings.redis_url.replace(f":{stack.broker.port}/", f":{port}/")
        settings = stack.fleet.settings
        for worker in stack.fleet.workers:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait(10)
        stack.fleet.settings = replace(settings, redis_url=through)
        try:
            stack.fleet.mend(2)
            write(stack, 1)
            assert stack.fleet.settle(20)
            swallow.set()
            write(stack, 3, "late")
            check(stack, 8)
        finally:
            stack.fleet.settings = settings
            for worker in stack.fleet.workers:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait(10)


@contextmanager
def black_hole(target: int) -> Iterator[tuple[int, threading.Event]]:
    """A proxy to a local port; once the event is set it takes everything and passes nothing on."""
    swallow = threading.Event()

    def pump(source: socket.socket, drain: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                if not swallow.is_set():
                    drain.sendall(data)
        except OSError:
            return

    def talk(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", target)) as server:
            answers = threading.Thread(target=pump, args=(server, client), daemon=True)
            answers.start()
            pump(client, server)
            server.shutdown(socket.SHUT_RDWR)
            answers.join()

    with serving_tcp(talk) as port:
        yield port, swallow


def test_postgres_restarted(stack: Stack) -> None:
    writers = write_in_threads(stack, 3)
    time.sleep(0.3)
    stack.engine.dispose()
    stack.postgres.stop()
    time.sleep(0.5)
    stack.postgres.start()
    finish(stack, writers, 0)


def test_connections_cut_at_any_moment_also_within_commit(stack: Stack) -> None:
    writers = write_in_threads(stack, 6)
    for _ in range(15):
        with stack.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            )
        stack.engine.dispose()
        time.sleep(0.1)
    finish(stack, writers, 1)


def test_no_connection_left_in_the_pool(stack: Stack) -> None:
    with stack.engine.connect() as connection:
        most = int(connection.scalar(text("SELECT setting FROM pg_settings WHERE name = 'max_connections'")) or 0)
    with everything_paused(stack):
        write(stack, 10)
    # All but a few of the server's connections are somebody else's.
    arguments = stack.engine.dialect.create_connect_args(stack.engine.url)[1]
    others = [stack.engine.dialect.connect(**arguments) for _ in range(most - 25)]
    try:
        stack.client.write("late@example.org")
        check(stack, 2 * len(stack.client.told))
    finally:
        for one in others:
            one.close()


@pytest.mark.parametrize("sign", ["identity", "log position", "journal"])
def test_a_restored_backup_holds_everything_until_a_person_decides(stack: Stack, sign: str) -> None:
    write(stack, 1)
    check(stack, 2)
    folder = journal_folder(stack.settings)
    if sign == "identity":
        wait_until(lambda: moved_to_another_cluster(stack), 40, "a sweep that writes down the cluster")
    elif sign == "log position":
        identifier, _ = json.loads((folder / "database").read_text())
        stop = [os.killpg(worker.pid, signal.SIGSTOP) for worker in stack.fleet.workers]
        assert stop
        (folder / "database").write_text(json.dumps([identifier, "FFFF/0"]))
        stack.fleet.mend(2)
    else:
        (folder / "host.1.dead.journal").write_text('{"boot":"x"}\n["dot","letter",999999999999,1]\n')
    wait_until(lambda: held(stack), 40, "the hold")
    write(stack, 2, "late")
    wait_until(lambda: len(stack.states()) >= 4, 40, "new letters")
    time.sleep(1)
    assert stack.states().count("sent") == 2
    accept_database(stack.engine, actor="test")
    check(stack, 2 * len(set(stack.client.told)))


def moved_to_another_cluster(stack: Stack) -> bool:
    """Only once a sweep has written which cluster it is: an emptied database does not know."""
    with stack.engine.begin() as connection:
        moved = (
            update(installation)
            .where(installation.c.system_identifier != "")
            .values(system_identifier="another cluster")
        )
        return connection.execute(moved).rowcount == 1


def held(stack: Stack) -> bool:
    with stack.engine.connect() as connection:
        return read_switches(connection).hold_reason != ""
