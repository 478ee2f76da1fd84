"""The secrets of a one-machine installation, made on the first start. Production has its own in the environment."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.local.processes import LocalError


@dataclass(frozen=True, repr=False)
class Credentials:
    """Passwords that only programs use."""

    database_password: str
    broker_password: str
    secret_key: str


def read_or_make(file: Path) -> Credentials:
    """What `file` holds; makes it, readable by its owner only, when there is none."""
    if not file.exists():
        made = Credentials(secrets.token_hex(24), secrets.token_hex(24), secrets.token_hex(32))
        new = file.with_name(f"{file.name}.{os.getpid()}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as output:
            json.dump(asdict(made), output)
            output.flush()
            os.fsync(output.fileno())
        new.replace(file)
    try:
        return Credentials(**json.loads(file.read_text()))
    except (ValueError, TypeError):
        raise LocalError(
            f"{file} is damaged. Put it back from a backup: the local database knows only its password."
        ) from None
    except PermissionError:
        raise LocalError(f"{file} can't be read. Run this as the user who ran it first.") from None
