"""Backups of an embedded PostgreSQL as operators make them, with PostgreSQL's own programs: a dump, the data files."""

import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from shared.local.engine_place import find_binaries, own_for, server_user
from shared.local.postgres import DATABASE, EmbeddedPostgres

_SECONDS = 120


def dump_database(postgres: EmbeddedPostgres, file: Path, *, database: str = DATABASE) -> Path:
    """`pg_dump -Fc`, while everything runs."""
    _run("pg_dump", "-Fc", "-f", str(file), postgres.url(database))
    return file


def restore_dump(postgres: EmbeddedPostgres, file: Path, *more: str, database: str = DATABASE) -> None:
    """`pg_restore --clean --if-exists`, as the docs say."""
    _run("pg_restore", "--clean", "--if-exists", *more, "-d", postgres.url(database), str(file))


def restore_rows(postgres: EmbeddedPostgres, file: Path, *, database: str = DATABASE) -> None:
    """The dump's rows in the tables that are there, instead of theirs."""
    url = postgres.url(database)
    with psycopg.connect(url) as connection:
        tables = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        names = sql.SQL(", ").join(map(sql.Identifier, tables))
        connection.execute(sql.SQL("TRUNCATE {}").format(names))
    _run("pg_restore", "--data-only", "--disable-triggers", "-d", url, str(file))


def copy_data(postgres: EmbeddedPostgres, folder: Path) -> Path:
    """The cluster's files as they are now: a snapshot of the disk of a stopped server."""
    assert not postgres.is_running()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(postgres.data, folder)
    return folder


def put_back_data(postgres: EmbeddedPostgres, folder: Path) -> None:
    """The cluster has the files of that copy again."""
    assert not postgres.is_running()
    shutil.rmtree(postgres.data)
    shutil.copytree(folder, postgres.data)
    for path in (postgres.data, *postgres.data.rglob("*")):
        own_for(server_user(), path)


def _run(program: str, *arguments: str) -> None:
    binaries = find_binaries(server_user())
    command = [str(binaries.folder / program), *arguments]
    done = subprocess.run(
        command, env=binaries.environment(), capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
