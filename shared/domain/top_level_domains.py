"""The top-level domains of the Public Suffix List that the package `publicsuffixlist` ships; nothing is downloaded."""

from functools import cache
from pathlib import Path

from publicsuffixlist import PSLFILE

# Reserved names (RFC 2606, 6761, 6762, 7686) look like any other ending in a text.
_RESERVED = frozenset({"example", "internal", "invalid", "local", "localhost", "onion", "test"})
_END_OF_REGISTRIES = "// ===END ICANN DOMAINS==="


def is_top_level(label: str) -> bool:
    """True for `com`, `ME`, `рф` and `xn--p1ai`."""
    label = label.lower()
    return label.startswith("xn--") or label in _top_level_domains()


@cache
def _top_level_domains() -> frozenset[str]:
    """Read when the first dotted word is judged: some 15 ms and 150 KB a process."""
    found = set(_RESERVED)
    with Path(PSLFILE).open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(_END_OF_REGISTRIES):
                break
            suffix = line.strip()
            if suffix and not suffix.startswith("//"):
                found.add(suffix.rpartition(".")[2].lower())
    return frozenset(found)
