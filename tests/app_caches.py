"""What an app compiles when it is made, templates and URL rules, is compiled once a test process, not once an app."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule


class _Memory(BytecodeCache):
    """Jinja compares the checksum of a template's source before it takes what is kept."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fills the bucket with what is kept for it."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps the bucket."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


def share_what_apps_compile() -> None:
    """For all apps that this process makes from now on."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Memory()}
    compiles, known = Rule._compile_builder, {}

    def compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT002 - Werkzeug's
        # All that Werkzeug 3 makes the function of; it asks the rule for its converters when it is called.
        key: tuple[Any, ...] = (
            append_unknown,
            rule.rule,
            tuple(rule._trace),
            repr(rule.defaults),
            frozenset(rule.arguments),
        )
        if key not in known:
            known[key] = compiles(rule, append_unknown)
        return known[key]

    Rule._compile_builder = compile_once  # type: ignore[method-assign]
