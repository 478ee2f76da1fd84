"""Composition root of the workers and the scheduler: `celery -A worker.app worker` and `celery -A worker.app beat`."""

from shared.db.engine import make_engine
from shared.failpoints import arm_from_environment
from shared.logging import configure_logging
from shared.plain_exit import plain_exit
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.secret_key import guard_process
from shared.settings import from_env
from worker import heartbeat, metrics, sweeper
from worker.tasks import make_work, register_tasks

with plain_exit():
    settings = from_env()
configure_logging(settings.log_level)
arm_from_environment(settings.environment)
engine = make_engine(settings.database_url, pool_size=8, works_queues=True, hangs_s=settings.timing.hangs)
with plain_exit():
    guard_process(engine, settings)
app = make_celery(settings)
ring = Ring(app, connect_redis(settings.redis_url))
work = make_work(engine, ring, settings)
register_tasks(app, work, settings.timing)
sweeper.start_with_worker(engine, ring, settings, work)
metrics.start_with_worker(ring, settings)
heartbeat.start_with_process(engine, settings)
