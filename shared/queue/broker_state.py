"""What a broker holds and who listens to it, asked without changing anything. The doctor reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis
from amqp.exceptions import AMQPError, NotFound
from kombu import Connection
from kombu.exceptions import KombuError

from shared.errors import DearRepError
from shared.queue.names import QueueName

_WITHIN_S = 5.0


class BrokerAway(DearRepError):
    """The broker does not answer, or not to us; the text names the kind of error only: others may quote a password."""


@dataclass(frozen=True)
class BrokerState:
    """`unheard` are queues without any listener, which only RabbitMQ tells; `listeners` are processes at the least."""

    kind: str
    lengths: Mapping[QueueName, int]
    listeners: int
    unheard: tuple[QueueName, ...] = ()
    drops_rings: bool = False


def read_broker(url: str, *, within_s: float = _WITHIN_S) -> BrokerState:
    """Asks a Redis or a RabbitMQ; raises BrokerAway."""
    try:
        return _read_redis(url, within_s) if url.startswith(("redis", "unix")) else _read_rabbitmq(url, within_s)
    except (redis.RedisError, KombuError, AMQPError, OSError) as error:
        raise BrokerAway(type(error).__name__) from error


def _read_redis(url: str, within_s: float) -> BrokerState:
    # Any: its types allow for an asynchronous client too.
    client: Any = redis.Redis.from_url(url, socket_connect_timeout=within_s, socket_timeout=within_s)
    try:
        policy = str(client.info("memory").get("maxmemory_policy", ""))
        lengths = {name: int(client.llen(name)) for name in QueueName}
        listening = sum(entry.get("cmd", "").lower() == "brpop" for entry in client.client_list())
    finally:
        client.close()
    return BrokerState(f"maxmemory-policy {policy}", lengths, listening, drops_rings=policy != "noeviction")


def _read_rabbitmq(url: str, within_s: float) -> BrokerState:
    waiting, listening = {}, {}
    options = {"read_timeout": within_s, "write_timeout": within_s}
    with Connection(url, connect_timeout=within_s, transport_options=options) as connection:
        connection.connect()
        properties = connection.connection.server_properties
        for name in QueueName:
            waiting[name], listening[name] = _read_queue(connection, name)
    kind = f"{properties.get('product', 'AMQP')} {properties.get('version', '')}".strip()
    unheard = tuple(name for name in QueueName if not listening[name])
    return BrokerState(kind, waiting, max(listening.values()), unheard)


def _read_queue(connection: Connection, name: QueueName) -> tuple[int, int]:
    """Rings that wait and consumers; a queue that nobody has made yet has none of either."""
    # A channel of its own: the broker closes it when there is no such queue.
    channel = connection.channel()
    try:
        found = channel.queue_declare(name.value, passive=True)
    except NotFound:
        return 0, 0
    channel.close()
    return found.message_count, found.consumer_count
