"""Finds the DMARC record that counts for a domain by the DNS tree walk of RFC 9989, without a public suffix list."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.dns_answers import Ask, RecordKind
from shared.domain.sender_domain.tag_lists import BLANKS, read_tags

MOST_QUERIES = 8
# For DMARC a domain with none of these does not exist.
_PROOFS_OF_LIFE: tuple[RecordKind, ...] = ("MX", "A", "AAAA")


@dataclass(frozen=True)
class DmarcRecord:
    """The record at `_dmarc.` below `domain`."""

    domain: str
    text: str

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags, in lower case where case means nothing."""
        return {name: value.lower() if name != "rua" else value for name, value in read_tags(self.text).items()}

    @property
    def psd(self) -> str:
        """`y` for a public suffix, `n` for an organization's own domain, else `u`."""
        return self.tags.get("psd", "u")


@dataclass
class Walk:
    """What the walk from `domain` up found. `record` counts for the domain; None without any.

    `silent_at` is the name about which DNS did not answer. `several` maps names with more than one record to them:
    receivers ignore all of those.
    """

    domain: str
    record: DmarcRecord | None = None
    silent_at: str = ""
    several: dict[str, tuple[str, ...]] = field(default_factory=dict)


def names_to_ask(domain: str) -> list[str]:
    """The domain and those above it, from the longest to the top-level domain; long ones skip some."""
    labels = domain.split(".")
    above = labels[1:][1 - MOST_QUERIES :]
    return [domain, *(".".join(above[at:]) for at in range(len(above)))]


def is_dmarc(text: str) -> bool:
    """True for a text that begins with exactly this version; nothing may stand before it."""
    name, _, value = text.partition(";")[0].partition("=")
    return name.rstrip(BLANKS).lower() == "v" and value.strip(BLANKS) == "DMARC1"


def walk_up(domain: str, ask: Ask) -> Walk:
    """Asks until the record that counts is known; `domain` in lower case."""
    walk = Walk(domain)
    found: list[DmarcRecord] = []
    for name in names_to_ask(domain):
        answer = ask(f"_dmarc.{name}", "TXT")
        if answer.is_silent:
            walk.silent_at = f"_dmarc.{name}"
            return walk
        texts = tuple(text for text in answer.values if is_dmarc(text))
        if len(texts) > 1:
            walk.several[name] = texts
        if len(texts) != 1:
            continue
        found.append(DmarcRecord(name, texts[0]))
        if name == domain or found[-1].psd in ("y", "n"):
            break
    walk.record = _that_counts(domain, found)
    return walk


def _that_counts(domain: str, found: list[DmarcRecord]) -> DmarcRecord | None:
    """The domain's own, else its organization's, else its public suffix's; `found` from the longest name on."""
    if not found or found[0].domain == domain or found[-1].psd != "y":
        return found[-1] if found else None
    suffix = found[-1]
    return next((one for one in found[:-1] if one.domain == _one_below(suffix.domain, domain)), suffix)


def _one_below(suffix: str, domain: str) -> str:
    labels = domain.split(".")
    return ".".join(labels[-(suffix.count(".") + 2) :])


def exists(domain: str, ask: Ask) -> bool:
    """As DMARC means it; a domain about which DNS does not answer is given the benefit of the doubt."""
    answers = (ask(domain, kind) for kind in _PROOFS_OF_LIFE)
    return any(answer.values or answer.is_silent for answer in answers)
