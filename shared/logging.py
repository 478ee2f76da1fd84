"""Structured logs: constant event names plus fields. Ids only; a processor drops what could be personal."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

# Field names that must never carry a value into a log.
PERSONAL_FIELDS = frozenset(
    {"name", "first_name", "last_name", "email", "address", "street", "city", "zip", "body", "subject", "own_words"}
    | {"token", "recipient", "recipient_email", "recipient_name", "reply_to", "password", "lat", "lon"}
)


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """JSON lines on `stream` (standard error) for our own events and for the libraries'."""
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _drop_personal,
        _name_errors,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(stream),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Their messages quote SQL parameters, URLs or SMTP lines.
    for noisy in ("sqlalchemy", "urllib3", "mail.log", "celery.redirected"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def _drop_personal(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field in PERSONAL_FIELDS & event.keys():
        event[field] = "(left out)"
    return event


def _name_errors(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception's text can quote what a person typed; its type and place are enough to find the fault."""
    info = event.pop("exc_info", None)
    error = info if isinstance(info, BaseException) else sys.exc_info()[1] if info else None
    if error is not None:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
        event["error"], event["error_at"] = type(error).__name__, place
    return event
