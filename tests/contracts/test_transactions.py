"""Rules about transactions that no linter knows."""

import ast
from collections.abc import Iterator

import pytest

from shared.paths import ROOT

SOURCES = sorted(path for folder in ("shared", "web", "worker") for path in (ROOT / folder).rglob("*.py"))
# After an error of the database nothing more can be done in its transaction, unless a savepoint is there to go back to.
_BROAD = {"Exception", "BaseException", "SQLAlchemyError", "DBAPIError", "OperationalError", "IntegrityError"}
_BEGINS = (".begin()", "begin_nested()")


def _within_transactions(tree: ast.AST) -> Iterator[ast.AST]:
    """Functions that are handed a connection, and blocks that begin a transaction."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(one.arg == "connection" for one in node.args.args):
            yield node
        if isinstance(node, ast.With) and any(".begin()" in ast.unparse(item) for item in node.items):
            yield node


def _swallows(handler: ast.ExceptHandler) -> bool:
    caught = {name.id for name in ast.walk(handler.type) if isinstance(name, ast.Name)} if handler.type else _BROAD
    return bool(caught & _BROAD) and not any(isinstance(node, ast.Raise) for node in ast.walk(handler))


def _is_unprotected(node: ast.Try) -> bool:
    body = "\n".join(ast.unparse(statement) for statement in node.body)
    return (
        "connection" in body
        and not any(begin in body for begin in _BEGINS)
        and any(_swallows(handler) for handler in node.handlers)
    )


def test_an_error_within_a_transaction_is_swallowed_only_behind_a_savepoint() -> None:
    """`shared/db/savepoints.py` has the blocks for it."""
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        blocks = [node for block in _within_transactions(tree) for node in ast.walk(block) if isinstance(node, ast.Try)]
        assert not [node.lineno for node in blocks if _is_unprotected(node)], path


@pytest.mark.parametrize(
    ("code", "is_wrong"),
    [
        ("def f(connection):\n try:\n  connection.execute(1)\n except Exception:\n  pass", True),
        ("with e.begin() as connection:\n try:\n  g(connection)\n except SQLAlchemyError as error:\n  log()", True),
        ("def f(connection):\n try:\n  g(connection)\n except Exception:\n  raise", False),
        (
            "def f(connection):\n try:\n  with connection.begin_nested():\n   g(connection)\n except Exception:\n  0",
            False,
        ),
        (
            "def f(engine):\n try:\n  with engine.begin() as connection:\n   g(connection)\n except Exception:\n  0",
            False,
        ),
    ],
)
def test_the_rule_finds_what_it_is_for(code: str, *, is_wrong: bool) -> None:
    tree = ast.parse(code)
    blocks = [node for block in _within_transactions(tree) for node in ast.walk(block) if isinstance(node, ast.Try)]
    assert any(_is_unprotected(node) for node in blocks) == is_wrong
