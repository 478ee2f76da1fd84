"""Text from outside is read by the few functions that bound it: integers, normal forms."""

import ast
from pathlib import Path

import pytest

from shared.paths import ROOT
from tests.patterns import SOURCES, code_of, tree_of

# Python's own tests of digits are true for `²` and for the digits of every alphabet, and bound nothing.
DIGIT_TESTS = {"isdigit", "isdecimal", "isnumeric"}
# These look at the kind of a character, or at what a pattern or the environment has bounded.
MAY_TEST_DIGITS = {
    *("shared/domain/integers.py", "shared/domain/addresses.py", "shared/domain/districts.py", "shared/failpoints.py"),
    *("shared/domain/refusals.py", "shared/domain/sender_domain/spf_record.py", "shared/providers/http.py"),
    *("shared/services/lookup/maps.py", "shared/settings.py", "shared/fences.py", "shared/domain/typed_links.py"),
}
MAY_NORMALIZE = {"shared/domain/typed_text.py"}


def calls(path: Path, wanted: set[str]) -> set[str]:
    if not any(name in code_of(path) for name in wanted):
        return set()
    functions = [node.func for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
    return wanted & {function.attr for function in functions if isinstance(function, ast.Attribute)}


@pytest.mark.parametrize(
    ("forbidden", "allowed"), [(DIGIT_TESTS, MAY_TEST_DIGITS), ({"normalize", "is_normalized"}, MAY_NORMALIZE)]
)
def test_only_the_functions_that_bound_it_look_into_text(forbidden: set[str], allowed: set[str]) -> None:
    assert {str(path.relative_to(ROOT)) for path in SOURCES if calls(path, forbidden)} == allowed


def test_parameters_are_never_made_integers_by_python_alone() -> None:
    for path in (path for path in SOURCES if "type=" in code_of(path)):
        keywords = [word for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call) for word in node.keywords]
        kinds = {ast.unparse(word.value) for word in keywords if word.arg == "type"}
        assert not {"int", "float"} & kinds or "cli" in path.parts, path
