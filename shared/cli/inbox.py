"""`dearrep inbox …`: takes in what mail servers bring back."""

import time
from pathlib import Path

import click

from shared.cli.stack import open_stack
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.receipts import read_maildir


@click.group(name="inbox")
def inbox_group() -> None:
    """Take in bounces and answers."""


@inbox_group.command("read")
@click.argument("maildir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--every", type=click.IntRange(1), metavar="SECONDS", help="Look again so often, until you stop it.")
def read(maildir: Path, every: int | None) -> None:
    """Read a maildir: new mail is kept, then moved to its folder cur."""
    with open_stack() as stack:
        ring = Ring(make_celery(stack.settings), connect_redis(stack.settings.redis_url))
        while True:
            kept = read_maildir(stack.engine, ring, maildir)
            if kept or every is None:
                click.echo(f"{kept} mails taken in." if kept != 1 else "1 mail taken in.")
            if every is None:
                return
            time.sleep(every)
