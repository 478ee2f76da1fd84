"""No pattern takes more than linear time, whatever the text: 2.5 kB once stopped all pages for 37 seconds."""

import ast
import re
import time

import pytest

from shared.domain import address_lines, addresses, mail_mentions, refusals
from shared.providers import mail_exchangers
from shared.providers.geocoders import census
from tests.patterns import SOURCES, Use, code_of, find_patterns, hostile_texts, tree_of

# CPU seconds for each character: 50 ms for 100 kB. What is short may take a moment.
_PER_CHARACTER, _MOMENT = 0.05 / 100_000, 0.002
_MUCH_S = 1.0
# For the longest text that reaches a pattern, where something shorter than a form cuts it before.
_WITHIN_BOUNDS = 0.02
# Exponential and cubic ones are found before they take for ever.
_SIZES = (18, 60, 400, 2_500)
# Examples of the patterns that are put together at run time.
MADE = {
    "shared.domain.mail_mentions: f'{_BEFORE}{re.escape(address)}{_AFTER}'": [
        f"{mail_mentions._BEFORE}ana@example\\.org{mail_mentions._AFTER}"
    ],
    # Each result has a name of its own.
    "shared.domain.refusal_words: '|'.join(patterns)": [],
    "shared.domain.sender_domain.refused_offers: re.escape(recipient)": [r"bounce\+l1@mail\.example"],
    r"shared.domain.sender_domain.refused_offers: f'[\\w.-]*\\b{organization}\\b'": [r"[\w.-]*\bmail\.example\b"],
    r"shared.providers.public_data: f'tl_\\d+_{fips}\\d{{3}}_addrfeat\\.zip'": [r"tl_\d+_25\d{3}_addrfeat\.zip"],
    "shared.providers.public_data: pattern": [
        r"house_districts\.geojson(?:\.gz)?|(?:tl|cb)_\d+_25_sldl.*\.zip",
        r"congress_districts\.geojson(?:\.gz)?|(?:tl|cb)_\d+_25_cd\d.*\.zip",
        r"(?:.*_)?addresses\.csv(?:\.gz|\.zip)?",
        r".*street_ranges\.geojson(?:\.gz)?|tl_\d+_25\d{3}_addrfeat\.zip",
    ],
    r"shared.services.campaign_files.draft: f'^[ \\t]*(?:\\[\\[)?{re.escape(key)}\\b'": [r"^[ \t]*(?:\[\[)?title\b"],
    r"shared.services.mail_values: f'{re.escape(settings.public_url)}/"
    r"(?:mine|preferences|answers|unsubscribe)/\\S+'": [
        r"https://letters\.example/(?:mine|preferences|answers|unsubscribe)/\S+"
    ],
}
# The longest text that reaches a module's patterns.
MOST = {
    "shared.domain.address_lines": address_lines._LONGEST,
    "shared.domain.addresses": addresses._MAX_PART_LENGTH,
    "shared.domain.refusal_words": refusals._MOST_WORDS,
    "shared.domain.refusals": refusals._MOST_WORDS,
    "shared.domain.sender_domain.refused_offers": mail_exchangers._MOST_REPLY,
    "shared.providers.geocoders.census": census._LONGEST_LAYER,
}
# How patterns are used that are called by other names.
METHODS = {"shared.settings._WEBHOOK_FORMS": {"fullmatch"}}


def seconds(use: Use, text: str) -> float:
    began = time.thread_time()
    use.run(text)
    return time.thread_time() - began


def slow_text(use: Use) -> str | None:
    """A text that takes too long; None when no text does."""
    module = use.where.partition(":")[0]
    most = MOST.get(module, MOST.get(module.rpartition(".")[0]))
    use.methods = METHODS.get(use.where, use.methods)
    for size in _SIZES:
        for text in hostile_texts(use.pattern, min(size, most or size)):
            allowed = _WITHIN_BOUNDS if most else _MOMENT + _PER_CHARACTER * len(text)
            spent = seconds(use, text)
            if spent > _MUCH_S or (spent > allowed and min(seconds(use, text) for _ in range(2)) > allowed):
                return f"{len(text)} of {text[:40]!r}"
    return None


def test_patterns_take_linear_time() -> None:
    # Found here and not before: every process of a test run collects, one of them runs this.
    uses = find_patterns(MADE)
    assert len(uses) > 100
    assert {use.where: text for use in uses if (text := slow_text(use))} == {}


def test_validators_have_no_patterns_of_their_own() -> None:
    """A validator's own pattern is compiled where this test can't see it."""
    for path in (path for path in SOURCES if "Regexp(" in code_of(path)):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Regexp"):
                assert not isinstance(node.args[0], ast.Constant | ast.JoinedStr), path


@pytest.mark.parametrize(
    "pattern",
    [
        r"\[\s*([^\[\]]+?)\s+will\s+go\s+here\s*\]",
        r"\s+$",
        r"(a+)+b",
        r"\S*@\S*|[^\W_]+",
        r"(?:a|b)*\d+x",
        r"^\s*\d{5}(\s*-?\s*\d{4})?\s*$",
    ],
)
def test_the_test_finds_slow_patterns(pattern: str) -> None:
    assert slow_text(Use("example", re.compile(pattern), {"search"}))
