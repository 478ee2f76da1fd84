"""What Prometheus reads, who may read it, and that nobody's name is in it."""

import os
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, update

from shared.db.engine import make_engine
from shared.db.tables import domain_pace, letter
from shared.queue.celery_app import make_celery
from shared.queue.names import QueueName, TaskName
from shared.queue.ring import Ring, connect_redis
from shared.settings import Settings
from tests.web.test_organizer import letters
from web.app import create_app

# Pytest finds fixtures by their name in this module.
__all__ = ["letters"]

NEAR, FAR = {"REMOTE_ADDR": "127.0.0.1"}, {"REMOTE_ADDR": "93.184.216.34"}
Values = dict[tuple[str, tuple[str, ...]], float]


def read(client: FlaskClient) -> Values:
    """Every sample by its name and label values."""
    answer = client.get("/metrics", environ_base=NEAR)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {(one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples}


def test_figures_of_the_installation(client: FlaskClient, engine: Engine, ring: Ring, letters: list[int]) -> None:
    here = ("practice.example", "mailbox")
    with engine.begin() as connection:
        connection.execute(update(letter).where(letter.c.id == letters[0]).values(state="bounced"))
        connection.exec_driver_sql("UPDATE letter SET due_at = now() - interval '50 seconds'")
        connection.execute(update(domain_pace).values(rate_per_hour=200))
        connection.exec_driver_sql("UPDATE domain_pace SET open_until = now() + interval '1 minute'")
    ring.ring(TaskName.RETRY_LETTERS)
    said = read(client)
    assert said["dearrep_submissions_accepted", ()] == 3
    assert said["dearrep_letters", ("queued",)] == 5
    assert said["dearrep_letters", ("bounced",)] == 1
    assert said["dearrep_letters", ("sent",)] == 0
    assert said["dearrep_follow_ups", ("queued",)] == 3
    assert said["dearrep_letters_unbalanced", ()] == 0
    assert 50 <= said["dearrep_letters_oldest_due_seconds", here] < 80
    assert said["dearrep_domain_letters_waiting", here] == 5
    assert said["dearrep_domain_letters_sent_last_minute", here] == 0
    assert said["dearrep_domain_rate_per_hour", here] == 200
    assert said["dearrep_domain_breaker_open", here] == 1
    assert said["dearrep_queue_length", ("retry",)] == 1
    assert {labels[0] for name, labels in said if name == "dearrep_queue_length"} == set(QueueName)
    assert said["dearrep_ring_failures_total", (str(os.getpid()),)] == 0
    assert said["dearrep_everything_paused", ()] == said["dearrep_everything_held", ()] == 0
    assert said["dearrep_broker_up", ()] == said["dearrep_database_up", ()] == 1


def test_switches_are_read_at_once_and_a_loss_with_the_next_count(
    client: FlaskClient, engine: Engine, letters: list[int]
) -> None:
    assert read(client)["dearrep_everything_held", ()] == 0
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO installation (is_paused, hold_reason) VALUES (true, 'why')")
        connection.exec_driver_sql("UPDATE submission SET expected_letters = 5 WHERE id = 1")
    said = read(client)
    assert said["dearrep_everything_paused", ()] == said["dearrep_everything_held", ()] == 1
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE snapshot SET taken_at = now() - interval '1 minute'")
    assert read(client)["dearrep_letters_unbalanced", ()] == 3


def test_nobody_is_named(client: FlaskClient, letters: list[int]) -> None:
    text = client.get("/metrics", environ_base=NEAR).text.lower()
    for personal in ("rivera", "jamie", "example.org", "maple", "worcester", "pat practice", "@"):
        assert personal not in text


def test_servers_that_are_away_are_figures(settings: Settings, ring: Ring) -> None:
    away = replace(settings, redis_url="redis://127.0.0.1:9/0")
    engine = make_engine("postgresql://nobody:secret@127.0.0.1:9/none")
    deaf = Ring(make_celery(away), connect_redis(away.redis_url))
    deaf.ring(TaskName.SWEEP)
    said = read(create_app(away, engine, deaf).test_client())
    engine.dispose()
    assert said["dearrep_database_up", ()] == said["dearrep_broker_up", ()] == 0
    assert said["dearrep_ring_failures_total", (str(os.getpid()),)] == 1
    assert not any(name == "dearrep_letters" for name, _ in said)


@pytest.mark.parametrize(
    ("peer", "header", "status"),
    [
        ("127.0.0.1", "", 200),
        ("::1", "", 200),
        ("::ffff:127.0.0.1", "", 200),
        ("10.1.2.3", "", 404),
        ("93.184.216.34", "", 404),
        ("100.64.0.1", "", 404),
        ("2002:7f00:1::1", "", 404),
        ("", "", 404),
        # Through a web server, whomever it names.
        *(
            ("127.0.0.1", name, 404)
            for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Proto")
        ),
    ],
)
def test_without_a_token_only_this_machine_may_read(client: FlaskClient, peer: str, header: str, status: int) -> None:
    headers = {header: "127.0.0.1"} if header else {}
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": peer}, headers=headers).status_code == status


def test_without_a_token_nobody_may_read_where_the_pages_are_public(
    settings: Settings, engine: Engine, ring: Ring
) -> None:
    client = create_app(replace(settings, public_url="https://letters.example"), engine, ring).test_client()
    assert client.get("/metrics", environ_base=NEAR).status_code == 404


@pytest.mark.parametrize(
    ("given", "status"), [("Bearer right", 200), ("Bearer wrong", 404), ("right", 404), ("", 404), ("Bearer é", 404)]
)
@pytest.mark.parametrize("peer", [NEAR, FAR])
def test_with_a_token_its_bearers_may_read_wherever_they_are(
    app: Flask, settings: Settings, engine: Engine, ring: Ring, given: str, status: int, peer: dict[str, str]
) -> None:
    client = create_app(replace(settings, metrics_token="right"), engine, ring).test_client()
    headers = {"Authorization": given.encode().decode("latin-1")} if given else {}
    assert client.get("/metrics", environ_base=peer, headers=headers).status_code == status
