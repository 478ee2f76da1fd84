"""DMARC (RFC 9989): what receivers do with letters that neither SPF nor DKIM proves to be the domain's own."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.domain.dns_answers import Ask
from shared.domain.sender_domain.findings import Finding, Light, silence
from shared.domain.sender_domain.tag_lists import BLANKS, read_tags, repeated_tag
from shared.domain.sender_domain.tree_walk import DmarcRecord, Walk, exists, walk_up

_ABOUT = "DMARC"
_POLICIES = ("none", "quarantine", "reject")
_DONE = {
    "none": "do nothing against forged letters, which is enough to begin with",
    "quarantine": "treat forged letters as spam",
    "reject": "refuse forged letters",
}
_LESS = {"reject": "quarantine", "quarantine": "none"}
# RFC 9989 took these away.
_GONE = ("pct", "rf", "ri")
_FIRST_RECORD = "v=DMARC1; p=none"
# Meant as a DMARC record, and not a record that only mentions DMARC.
_MEANT = re.compile(r"\bv\s*=\s*[\"']?dmarc", re.IGNORECASE)


def check_dmarc(domain: str, ask: Ask) -> Finding:
    """The policy, and whether our sender and our return address count for it."""
    domain = domain.lower().rstrip(".")
    walk = walk_up(domain, ask)
    if walk.silent_at:
        return silence(_ABOUT, walk.silent_at)
    if domain in walk.several or (walk.several and walk.record is None):
        name, records = next(iter(walk.several.items()))
        words = "There are several records, so receivers ignore all."
        return Finding(_ABOUT, Light.RED, words, f"_dmarc.{name}", records, "Keep one.")
    if walk.record is None:
        return _no_record(walk, ask)
    return _judge(domain, walk.record, ask)


def _no_record(walk: Walk, ask: Ask) -> Finding:
    own = f"_dmarc.{walk.domain}"
    near = tuple(text for text in ask(own, "TXT").values if _MEANT.search(text))
    if near:
        words = "Receivers ignore what is there. "
        words += "A DMARC record begins with v=DMARC1; (capitals, semicolon, no quotes)."
        return Finding(_ABOUT, Light.RED, words, own, near, "Replace it with:", "TXT", _FIRST_RECORD)
    words = "No DMARC record. Gmail, Yahoo and Microsoft want one from everybody who sends a lot of mail."
    return Finding(_ABOUT, Light.RED, words, own, (), "Create it:", "TXT", _FIRST_RECORD)


def _judge(domain: str, record: DmarcRecord, ask: Ask) -> Finding:
    tags, name = record.tags, f"_dmarc.{record.domain}"
    if repeated := repeated_tag(record.text):
        words = f"{repeated}= occurs more than once, so receivers ignore the record."
        return Finding(_ABOUT, Light.RED, words, name, (record.text,), f"Keep one {repeated}=.")
    wrong = next((tag for tag in ("p", "sp", "np") if tags.get(tag, "none") not in _POLICIES), "")
    if wrong and "mailto:" not in tags.get("rua", "").lower():
        words = f"Receivers can't read its policy “{tags[wrong]}”, so they ignore the record."
        return Finding(_ABOUT, Light.RED, words, name, (record.text,), "Replace it with:", "TXT", _FIRST_RECORD)
    policy = "none" if wrong else _policy_of(domain, record, ask)
    is_tested = tags.get("t") == "y" and policy != "none"
    done = _DONE[_LESS[policy] if is_tested else policy]
    is_own = record.domain == domain
    above = "" if is_own else f" The record is at {record.domain} and also applies to {domain}."
    same = f" Sender and return address of our letters are both at {domain}, so SPF and DKIM count for it."
    if not is_own and "s" in (tags.get("adkim"), tags.get("aspf")):
        same += " It is strict: your relay must sign with exactly this domain."
    notes = [*_notes_on_policy(tags, wrong, policy, is_tested=is_tested), *_notes_on_tags(record, is_own=is_own)]
    is_weak = policy == "none" or any(one.is_weak for one in notes)
    light = Light.AMBER if is_weak else Light.GREEN
    words = f"It asks receivers to {done}.{''.join(f' {one.words}' for one in notes)}{above}{same}"
    mend = " ".join(one.mend for one in notes)
    if mend or not is_own or policy != "none":
        return Finding(_ABOUT, light, words, name, (record.text,), mend)
    mend = "When SPF and DKIM have been green for some weeks, make it stricter:"
    return Finding(_ABOUT, light, words, name, (record.text,), mend, "TXT", _stricter(record.text))


def _policy_of(domain: str, record: DmarcRecord, ask: Ask) -> str:
    """What the record asks for letters from this domain: `p` at the domain itself, else `sp` or `np`."""
    tags = record.tags
    policy = tags.get("p", "none")
    if record.domain == domain:
        return policy
    policy = tags.get("sp", policy)
    return tags.get("np", policy) if "np" in tags and not exists(domain, ask) else policy


@dataclass(frozen=True)
class _Note:
    words: str
    mend: str
    is_weak: bool = True


def _notes_on_policy(tags: Mapping[str, str], wrong: str, policy: str, *, is_tested: bool) -> Iterator[_Note]:
    if wrong:
        words = f"Receivers can't read its policy “{tags[wrong]}” and take it as none."
        yield _Note(words, f"Write none, quarantine or reject after {wrong}=.")
    elif "p" not in tags:
        yield _Note("It names no policy, which means none. Older receivers ignore such a record.", "Add p=none.")
    if is_tested:
        words = f"Its policy is {policy}, but t=y says that you are testing, so receivers do less."
        yield _Note(words, "Remove t=y when the tests are over.")


def _notes_on_tags(record: DmarcRecord, *, is_own: bool) -> Iterator[_Note]:
    tags = record.tags
    if gone := [tag for tag in _GONE if tag in tags]:
        words = f"Receivers that follow RFC 9989 (2026) ignore {', '.join(gone)}."
        is_partial = tags.get("pct", "100") != "100"
        if is_partial:
            words += " They apply the policy to every letter. Older receivers still follow pct."
        yield _Note(words, f"Remove {', '.join(gone)}.", is_weak=is_partial)
    if is_own and record.psd == "y":
        words = "psd=y is only for registries, such as the operator of .org."
        yield _Note(words, "Remove psd=y.")


def _stricter(text: str) -> str:
    """The record with the next policy; its other tags stay."""
    terms = [term.strip(BLANKS) for term in text.split(";")]
    return "; ".join("p=quarantine" if read_tags(term).keys() == {"p"} else term for term in terms if term)
