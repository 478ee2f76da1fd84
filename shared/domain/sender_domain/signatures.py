"""DKIM: the keys that letters are signed with."""

import base64
import binascii

from shared.domain.dns_answers import Answer, Ask
from shared.domain.relay_services import USUAL_SELECTORS
from shared.domain.sender_domain.findings import Finding, Light, Sender, silence
from shared.domain.sender_domain.tag_lists import BLANKS, read_tags, repeated_tag

# A public RSA key of 2048 bits takes 294 bytes, one of 1024 bits 162.
_LONG_KEY_BYTES = 280
_NO_BLANKS = str.maketrans("", "", BLANKS)


def check_dkim(sender: Sender, ask: Ask) -> list[Finding]:
    """A finding for each selector that was named, else for each usual one that has a key."""
    if sender.selectors:
        return [_dkim_key(sender, selector, _key_at(sender, selector, ask)) for selector in sender.selectors]
    usual = (*(sender.service.selectors if sender.service else ()), *USUAL_SELECTORS)
    answers = [(selector, _key_at(sender, selector, ask)) for selector in dict.fromkeys(usual)]
    found = [_dkim_key(sender, selector, answer) for selector, answer in answers if answer.values]
    if found:
        return found
    if any(answer.is_silent for _, answer in answers):
        return [silence("DKIM", f"…._domainkey.{sender.domain}")]
    words = f"No key under the usual names ({', '.join(selector for selector, _ in answers)}). Without one, receivers "
    words += "can't tell your letters from forged ones."
    where = sender.service.name if sender.service else "Your mail server or mail service"
    mend = (
        f"{where} signs the letters and shows the record to create. Its name begins with the “selector”: type it below."
    )
    return [Finding("DKIM", Light.RED, words, f"SELECTOR._domainkey.{sender.domain}", mend=mend)]


def _key_at(sender: Sender, selector: str, ask: Ask) -> Answer:
    answer = ask(f"{selector}._domainkey.{sender.domain}", "TXT")
    return Answer(tuple(text for text in answer.values if "p=" in text), answer.is_silent)


def _dkim_key(sender: Sender, selector: str, answer: Answer) -> Finding:
    about, name = f"DKIM, selector {selector}", f"{selector}._domainkey.{sender.domain}"
    if answer.is_silent:
        return silence(about, name)
    service = sender.service
    where = service.name if service else "your mail server or mail service"
    light, words, mend, creates = _judge(answer.values, where)
    cname = service.cname.format(selector=selector) if service else ""
    kind, value = ("CNAME", cname) if cname else ("TXT", "")
    if not creates:
        kind = value = ""
    elif cname:
        mend = "Create it:"
    return Finding(about, light, words, name, answer.values, mend, kind, value)


def _judge(records: tuple[str, ...], where: str) -> tuple[Light, str, str, bool]:
    """Light, words, how to mend it, and whether there is a record to create; `where` the key comes from."""
    if not records:
        return Light.RED, "There is no key at this name.", f"Create it with the value that {where} shows.", True
    tags = read_tags(records[0])
    size = _key_bytes(tags.get("p", ""))
    if len(records) > 1 or repeated_tag(records[0]):
        return Light.RED, *_ambiguous(records, where), False
    if not size:
        lost = "The key is not complete; a part may have been lost when it was copied."
        words = lost if size is None else "The key was withdrawn: letters that are signed with it count as forged."
        return Light.RED, words, f"Put the key there that {where} shows.", True
    if tags.get("k", "rsa") == "rsa" and size < _LONG_KEY_BYTES:
        words = "The key is shorter than 2048 bits, which some receivers distrust."
        return Light.AMBER, words, f"Let {where} make a longer one.", False
    if "y" not in tags.get("t", "").split(":"):
        return Light.GREEN, "Receivers can check letters that your relay signs with this key.", "", False
    words = "The key is marked as a test (t=y), so receivers may take no notice of it."
    return Light.AMBER, words, "Remove t=y when the tests are over.", False


def _ambiguous(records: tuple[str, ...], where: str) -> tuple[str, str]:
    """Words and the fix, where something is there more than once."""
    if len(records) > 1:
        return "There are several keys at this name, so receivers may take the wrong one.", "Keep the newest one."
    repeated = repeated_tag(records[0])
    words = f"{repeated}= occurs more than once, so receivers ignore the key."
    return words, f"Keep one {repeated}=, as {where} shows it."


def _key_bytes(key: str) -> int | None:
    """How long a public key is; 0 without one, None when it can't be read."""
    try:
        return len(base64.b64decode(key.translate(_NO_BLANKS), validate=True))
    except (binascii.Error, ValueError):
        return None
