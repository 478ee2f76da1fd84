"""Composition root of the web server: `granian --interface rsgi web.wsgi:app`, or any WSGI server."""

from shared.db.engine import make_engine
from shared.domain.running import ProcessKind
from shared.failpoints import arm_from_environment
from shared.logging import configure_logging
from shared.plain_exit import plain_exit
from shared.queue.celery_app import make_celery
from shared.queue.late_ring import LateRing
from shared.queue.ring import connect_redis
from shared.services.heartbeat import Heartbeat
from shared.services.secret_key import guard_process
from shared.settings import from_env
from web.app import create_app
from web.rsgi import RsgiApp

with plain_exit():
    settings = from_env()
configure_logging(settings.log_level)
arm_from_environment(settings.environment)
engine = make_engine(settings.database_url, hangs_s=settings.timing.hangs)
with plain_exit():
    guard_process(engine, settings)
ring = LateRing(make_celery(settings), connect_redis(settings.redis_url))
app = RsgiApp(create_app(settings, engine, ring))
Heartbeat(engine, settings, ProcessKind.WEB).start()
