"""Every pattern of the code with how it is used, and the texts that would make a slow one stumble."""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

from shared.paths import ROOT

SOURCES = sorted(path for folder in ("shared", "web", "worker") for path in (ROOT / folder).rglob("*.py"))
_USES = ("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
# Runs of these are tried with every pattern.
_USUAL = " a1\n[(<{-.@/'_é"
_OF_CATEGORY = {
    codes.CATEGORY_DIGIT: "1",
    codes.CATEGORY_SPACE: " \n",
    codes.CATEGORY_WORD: "a1_",
    codes.CATEGORY_NOT_DIGIT: "a ",
    codes.CATEGORY_NOT_SPACE: "a1_@",
    codes.CATEGORY_NOT_WORD: " -.",
}
# A longer repetition than this is worth a run of its own.
_SHORT = 5
_SIGNS_OF_A_PART, _SIGNS_OF_A_CLASS, _PUMPS = 4, 8, 40


@dataclass
class Use:
    """A pattern, where it stands, and the methods that are called on it."""

    where: str
    pattern: re.Pattern[Any]
    methods: set[str] = field(default_factory=set)

    def run(self, text: str) -> None:
        """Reads the text in each of the ways in which the code does."""
        typed: Any = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        for method in self.methods:
            call = getattr(self.pattern, method)
            found = call(typed[:0], typed) if method in ("sub", "subn") else call(typed)
            if method == "finditer":
                for _ in found:
                    pass


@cache
def code_of(path: Path) -> str:
    """A file of the code, read once."""
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    """A file of the code, parsed once."""
    return ast.parse(code_of(path))


def find_patterns(made: dict[str, list[str]]) -> list[Use]:
    """All of them. `made` has examples of those that are put together at run time, by module and expression."""
    found: dict[tuple[str, Any, int], Use] = {}
    for path in SOURCES:
        if "migrations" in path.parts:
            continue
        name = str(path.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__")
        code = code_of(path)
        if "re." not in code:
            continue
        module = importlib.import_module(name)
        for use in (*_of_globals(name, module, code), *_of_calls(name, module, tree_of(path), made)):
            known = found.setdefault((name, use.pattern.pattern, use.pattern.flags), use)
            known.methods |= use.methods
    for use in found.values():
        use.methods = use.methods or {"search"}
    return list(found.values())


def _of_globals(name: str, module: ModuleType, code: str) -> Iterator[Use]:
    for variable, value in vars(module).items():
        if not re.search(rf"^(?:.*[ ,])?{variable}(?:: [^=]+|[ ,].*)? = ", code, re.MULTILINE):
            continue
        for pattern in _inside(value):
            yield Use(f"{name}.{variable}", pattern, _methods_of(variable, code))


def _inside(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _inside(one)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _inside(one)


def _methods_of(variable: str, code: str) -> set[str]:
    every = code if variable.startswith("_") else "\n".join(map(code_of, SOURCES))
    return set(re.findall(rf"\b{variable}\.({'|'.join(_USES)})\b", every))


def _of_calls(name: str, module: ModuleType, tree: ast.AST, made: dict[str, list[str]]) -> Iterator[Use]:
    for node in ast.walk(tree):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and bool(node.args)
        if not is_call or ast.unparse(node.func.value) != "re" or node.func.attr not in (*_USES, "compile"):
            continue
        methods = {node.func.attr} - {"compile"}
        for text, flags in _written(name, module, node, made):
            yield Use(f"{name}: {text!r}", re.compile(text, flags), set(methods))


def _written(name: str, module: ModuleType, call: ast.Call, made: dict[str, list[str]]) -> list[tuple[Any, int]]:
    last = call.args[-1] if len(call.args) > 1 else None
    flag = next((one.value for one in call.keywords if one.arg == "flags"), last)
    is_flag = flag is not None and ast.unparse(flag).startswith("re.")
    flags = eval(ast.unparse(flag), vars(module)) if is_flag and flag else 0  # noqa: S307 - our own code
    words = ast.unparse(call.args[0])
    if isinstance(call.args[0], ast.Constant):
        return [(call.args[0].value, flags)]
    key = f"{name}: {words}"
    if key in made:
        return [(one, flags) for one in made[key]]
    # What stands at the top of its module can be worked out there.
    return [(eval(words, vars(module)), flags)]  # noqa: S307 - our own code


def hostile_texts(pattern: re.Pattern[Any], size: int) -> Iterator[str]:
    """Texts of about this size: runs of every kind of character, and beginnings of matches that never end."""
    tree = parser.parse(
        pattern.pattern, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    )
    signs = list(dict.fromkeys([*_USUAL, *_signs(tree)]))
    seen: set[str] = set()
    units = [*signs, *(f"{one}{other}" for one in _signs(tree)[:4] for other in _signs(tree)[:4] if one != other)]
    whole = _sample(tree)
    begun = [("", unit) for unit in units] + [("", whole), ("", whole[:-1])] + list(islice(_pumps(tree, ""), _PUMPS))
    for prefix, unit in begun:
        if not unit:
            continue
        run = unit * (size // len(unit))
        repeated = f"{prefix}{unit * _SHORT}"
        for text in (f"{prefix}{run}\0", repeated * (size // len(repeated)) + "\0", f"{run}{prefix}"):
            if text not in seen:
                seen.add(text)
                yield text


def _parts(code: Any, value: Any) -> list[Any]:
    """The patterns that stand inside this piece of one."""
    if code in _REPEATS:
        return [value[2]]
    if code is codes.BRANCH:
        return list(value[1])
    if code is codes.SUBPATTERN:
        return [value[3]]
    if code is codes.ATOMIC_GROUP:
        return [value]
    return [value[1]] if code in (codes.ASSERT, codes.ASSERT_NOT) else []


def _signs(tree: Any) -> list[str]:
    """Characters that mean something to the pattern."""
    return list(dict.fromkeys(sign for code, value in tree for sign in _signs_of(code, value)))


def _signs_of(code: Any, value: Any) -> list[str]:
    if code is codes.LITERAL:
        return [chr(value)]
    if code is codes.NOT_LITERAL:
        return [sign for sign in "a 1" if sign != chr(value)]
    if code is codes.ANY:
        return ["a"]
    if code is codes.IN:
        return _members(value)
    return [sign for part in _parts(code, value) for sign in _signs(part)[:_SIGNS_OF_A_PART]]


def _members(items: Any) -> list[str]:
    if items[0][0] is codes.NEGATE:
        wrong = set(_members(items[1:])) if len(items) > 1 else set()
        return [sign for sign in "a1 .-\n(" if sign not in wrong][:3]
    found: list[str] = []
    for code, value in items:
        if code is codes.LITERAL:
            found.append(chr(value))
        elif code is codes.RANGE:
            found += [chr(value[0]), chr(value[1])]
        elif code is codes.CATEGORY:
            found += _OF_CATEGORY[value]
    return found[:_SIGNS_OF_A_CLASS]


def _sample(tree: Any) -> str:
    """A text that the pattern, or nearly, matches."""
    return "".join(_sample_of(code, value) for code, value in tree)


def _sample_of(code: Any, value: Any) -> str:
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return ""
    parts = _parts(code, value)
    if not parts:
        return next(iter(_signs_of(code, value)), "")
    times = max(1, min(value[0], _SHORT)) if code in _REPEATS else 1
    return _sample(parts[0]) * times


def _pumps(tree: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """Each long repetition: what stands before it, and what it repeats."""
    for code, value in tree:
        if code in _REPEATS and value[1] > _SHORT:
            for unit in (_sample(value[2]), *_signs(value[2])[:_SIGNS_OF_A_PART]):
                yield prefix, unit
        for part in _parts(code, value):
            yield from _pumps(part, prefix)
        prefix += _sample_of(code, value)
