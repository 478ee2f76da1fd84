"""The locks: every package pinned with hashes, no index named, the same versions for running and for testing."""

import re
import tomllib
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement

from shared.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("requirements.txt", "requirements-dev.txt")}


def pins(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def wanted(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[=<>~! ;]", line)[0].lower() for line in requirements}


def test_every_dependency_is_locked() -> None:
    running, testing = (pins(LOCKS[name]) for name in LOCKS)
    assert wanted(PROJECT["dependencies"]) <= set(running)
    assert wanted(PROJECT["optional-dependencies"]["dev"]) <= set(testing)


def test_testing_uses_the_versions_that_run() -> None:
    running, testing = (pins(LOCKS[name]) for name in LOCKS)
    assert running.items() <= testing.items()


@pytest.mark.parametrize("name", LOCKS)
def test_locks_have_hashes_and_name_no_index(name: str) -> None:
    text = LOCKS[name]
    blocks = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"--(extra-)?index-url|--find-links|://", text)


def missing(wish: Requirement, seen: set[tuple[str, str]]) -> list[str]:
    """What `wish` needs on this machine and the environment lacks, all the way down, extras included."""
    if not wish.specifier.contains(distribution(wish.name).version, prereleases=True):
        return [str(wish)]
    lacking = []
    for extra in ("", *wish.extras):
        if (wish.name, extra) not in seen:
            seen.add((wish.name, extra))
            needed = map(Requirement, distribution(wish.name).requires or [])
            lacking += [
                one
                for need in needed
                if need.marker is None or need.marker.evaluate({"extra": extra})
                for one in missing(need, seen)
            ]
    return lacking


def test_the_lock_names_everything_because_pip_resolves_nothing() -> None:
    wishes = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    seen: set[tuple[str, str]] = set()
    assert [one for wish in wishes for one in missing(Requirement(wish), seen)] == []
