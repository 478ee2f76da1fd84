"""Rules of the house that no linter knows: composition roots, module docstrings, names."""

import ast
import re
import tomllib

from shared import __version__
from shared.paths import ROOT

SOURCES = sorted(path for folder in ("shared", "web", "worker") for path in (ROOT / folder).rglob("*.py"))
# Where a process begins; everything else is handed Settings.
ROOTS_READING_ENVIRON = {"shared/failpoints.py", "shared/settings.py", "shared/cli/stack.py"}
ROOTS_CALLING_FROM_ENV = {
    "shared/cli/stack.py",
    "shared/cli/up.py",
    "shared/local/inbound.py",
    "shared/local/mailbox.py",
    "web/wsgi.py",
    "worker/app.py",
}


def attributes(tree: ast.AST) -> set[str]:
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_locks_let_rows_be_referred_to() -> None:
    """A plain FOR UPDATE makes every row that refers to the locked one wait, and whoever writes it: deadlocks."""
    for path in SOURCES:
        if "/migrations/" not in str(path):
            code = path.read_text(encoding="utf-8")
            assert not re.search(r"\bFOR UPDATE\b|with_for_update\((?!key_share=True)", code), path


def test_module_keeps_the_house_rules() -> None:
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = str(path.relative_to(ROOT))
        assert ast.get_docstring(tree), path
        assert path.name not in {"utils.py", "helpers.py", "misc.py", "common.py"}, path
        if name not in ROOTS_READING_ENVIRON:
            assert not {"os.environ", "os.getenv"} & attributes(tree), path
        if name not in ROOTS_CALLING_FROM_ENV | {"shared/settings.py"}:
            assert "from_env" not in names(tree), path


def test_every_new_submission_names_the_texts_that_were_read() -> None:
    """One without them would get letters in the words of another day."""
    for path in SOURCES:
        if "/migrations/" not in str(path):
            columns = re.findall(r"INSERT INTO submission\s*\(([^)]*)\)", path.read_text(encoding="utf-8"))
            assert all("edition_id" in named for named in columns), path


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__


# The one module that lets letters wait again, for the holders their offices have today.
_LETTER_FIT = "shared/services/letter_fit.py"
_WAITING_AGAIN = {"LetterState.QUEUED", "LetterState.DEFERRED"}


def test_letters_wait_again_in_one_place() -> None:
    """`letters.change_letter` into the queue would send a letter to a former office holder."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "letters.change_letter":
                is_allowed = str(path.relative_to(ROOT)) == _LETTER_FIT
                assert is_allowed or ast.unparse(node.args[2]) not in _WAITING_AGAIN, path


def test_tests_accept_connections_in_one_place() -> None:
    """A thread that is left in accept() takes connections of later tests, see `tests.tcp_server`."""
    found = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "accept"
            and not node.args
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    assert found == ["tests/tcp_server.py"]


def test_tests_measure_cpu_in_one_place() -> None:
    """One measurement alone also measures the other processes on its core, see `tests.hostile.cpu_seconds`."""
    clocks = {"process_time", "thread_time", "perf_counter"}
    found = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if "bench" not in path.parts
        and any(
            isinstance(node, ast.Attribute) and node.attr in clocks
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    # The first of them repeats a slow measurement itself.
    assert found == ["tests/contracts/test_patterns.py", "tests/hostile.py"]
