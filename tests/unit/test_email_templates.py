"""Every email that supporters get: complete, escaped, the same in text and HTML, legible in light and dark."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from jinja2 import UndefinedError

from shared.paths import TEMPLATES
from shared.rendering.emails import _environment, dialed, render_email, wrap
from shared.rendering.speech import speaking
from tests.email_samples import COMMON, KINDS, NAMES, OWN, VARIANTS, awkward, sample

SCRIPT = "<script>alert('x')</script>"
# Every one of these appears on or in something of the other in the templates.
ON = {
    "page": ("muted", "brand"),
    "card": ("ink", "muted", "brand"),
    "paper": ("ink", "muted"),
    "button": ("button_ink",),
    "notice": ("notice_ink",),
}
OPENED_BY_MAIL_READERS = {"img", "script", "iframe", "object", "embed", "video", "audio", "source", "form", "base"}


class Page(HTMLParser):
    """Tags, attributes and visible words of a document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] not in (["style"], ["title"]):
            self.text += data

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.attributes if known == name]


def texts(value: Any) -> list[str]:
    """All strings in it, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [text for one in value for text in texts(one)] if isinstance(value, list) else []


def everywhere(value: Any, word: str) -> Any:
    """The same with every string replaced."""
    if isinstance(value, dict):
        return {key: everywhere(one, word) for key, one in value.items()}
    if isinstance(value, list):
        return [everywhere(one, word) for one in value]
    return word if isinstance(value, str) else value


def test_there_is_a_sample_of_every_kind() -> None:
    assert {folder.name for folder in (TEMPLATES / "emails").iterdir() if folder.is_dir()} == set(KINDS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [sample, awkward])
def test_text_and_html_say_the_same(name: str, make: Any) -> None:
    kind, values = make(name)
    email = render_email(kind, values)
    page = Page(email.html)
    links = page.all("href")
    allowed = [text for text in texts(values) if text.startswith("https://")]
    if "update_html" in values:
        allowed.append("https://letters.example/hearing")
    for link in links:
        assert link in allowed or link.startswith(("tel:", "mailto:"))
        assert link in email.text or link == "tel:6175550102;ext=4"
    for written in ("body", "cause", "phone", "recipient", "message", "answer_text", "update_text"):
        for one in [values, *values.get("letters", []), *values.get("failed", [])]:
            assert set(one.get(written, "").split()) <= set(email.text.split())
    assert page.all("lang") == ["en", "en"]
    assert ("You asked Shops of the Valley" in email.text) is (kind == "update")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_loaded_or_run(name: str) -> None:
    page = Page(render_email(*sample(name)).html)
    assert not OPENED_BY_MAIL_READERS & set(page.tags)
    assert not page.all("src")
    assert not page.all("background")
    assert "link" not in page.tags
    assert "url(" not in render_email(*sample(name)).html
    assert "@import" not in render_email(*sample(name)).html


@pytest.mark.parametrize("name", NAMES)
def test_what_people_typed_stays_text(name: str) -> None:
    kind, values = sample(name)
    kept = {"color": values["color"]}
    hostile = {key: everywhere(value, SCRIPT) for key, value in values.items() if key != "update_html"} | kept
    email = render_email(kind, hostile | ({"update_html": SCRIPT} if kind == "update" else {}))
    assert "<script" not in email.html
    assert SCRIPT in email.text


@pytest.mark.parametrize("name", NAMES)
def test_long_foreign_names_fit(name: str) -> None:
    kind, values = awkward(name)
    email = render_email(kind, values)
    written = {line for text in texts(values) for line in text.split("\n")}
    ours = [
        line
        for line in email.text.split("\n")
        if line not in written and not line.startswith(("To: ", "From: ", "Subject: "))
    ]
    # One word may be longer than a line.
    assert all(len(line) <= 80 or " " not in line.strip() for line in ours)
    assert "\n" not in email.subject


@pytest.mark.parametrize("name", NAMES)
def test_subjects_are_short_and_not_shouted(name: str) -> None:
    kind, values = sample(name)
    subject = render_email(kind, values).subject
    assert 10 <= len(subject) <= 100
    assert subject.isascii()
    assert not subject.isupper()
    assert subject.startswith("[Test] ") is values["is_test"]


@pytest.mark.parametrize("name", NAMES)
def test_text_is_tidy(name: str) -> None:
    text = render_email(*sample(name)).text
    assert "\n\n\n" not in text
    assert all(line == line.rstrip() for line in text.split("\n"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_value_is_an_error(kind: str) -> None:
    values = COMMON | OWN[kind]
    always = {"language", "campaign_title", "campaign_url", "sender_name", "privacy", "reference", "is_test"}
    # What was promised to supporters is none of the organizers' mail.
    organizers = ("address_fails", "holds_expire", "domain_refuses", "domain_silent")
    to_organizers = {one: {"privacy", "reference"} for one in organizers}
    always -= ({"reply": {"privacy"}} | to_organizers).get(kind, set())
    for missing in always | (set(OWN[kind]) - {"leaves_at"}):
        with pytest.raises((UndefinedError, KeyError)):
            render_email(kind, {name: value for name, value in values.items() if name != missing})


def test_a_missing_value_within_a_letter_is_an_error() -> None:
    kind, values = sample("failure")
    for missing in ("recipient", "phone", "cause", "subject", "body"):
        failed = [{name: value for name, value in one.items() if name != missing} for one in values["failed"]]
        with pytest.raises(UndefinedError):
            render_email(kind, values | {"failed": failed})


@pytest.mark.parametrize("kind", ["answer", "reply"])
def test_nobody_else_gets_the_links_of_the_supporter(kind: str) -> None:
    email = render_email(*sample(kind))
    for private in ("own_url", "preferences_url", "unsubscribe_url"):
        assert COMMON[private] not in email.text + email.html


@pytest.mark.parametrize("color", ["", "#000000", "#ffffff", "#ffee00", "#d32f2f", "#2e7d32", "#1b5e5a", "#00f0ff"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colors_have_enough_contrast(scheme: str, color: str) -> None:
    colors = getattr(_environment(color).get_template("_colors.html").module, scheme)
    for ground, inks in ON.items():
        for ink in inks:
            assert contrast(colors[ground], colors[ink]) >= 4.5, (ground, ink)


@pytest.mark.parametrize("name", NAMES)
def test_colors_come_from_the_one_table(name: str) -> None:
    module: Any = _environment().get_template("_colors.html").module
    used = set(re.findall(r"#[0-9a-f]{3,8}\b", render_email(*sample(name)).html))
    assert used <= {*module.light.values(), *module.dark.values()}


def test_an_email_has_the_color_of_its_campaign() -> None:
    kind, values = sample(NAMES[0])
    own, violet = (render_email(kind, values | {"color": color}).html for color in ("", "#6a1b9a"))
    assert "#6a1b9a" in violet
    assert "#6a1b9a" not in own
    assert "#0b5563" in own
    assert "#0b5563" not in violet


def test_headings_step_down_by_one() -> None:
    for name in NAMES:
        levels = [int(tag[1]) for tag in Page(render_email(*sample(name)).html).tags if re.fullmatch(r"h\d", tag)]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


def test_variants_differ_from_their_kind() -> None:
    for name, (kind, _changes) in VARIANTS.items():
        assert render_email(*sample(name)) != render_email(*sample(kind))


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        ("(617) 555-0102", "6175550102"),
        ("+1 617.555.0102", "+16175550102"),
        ("617-555-0102 x4", "6175550102;ext=4"),
        ("617-555-0102, Ext. 12", "6175550102;ext=12"),
    ],
)
def test_phones_dial_what_they_say(phone: str, number: str) -> None:
    assert dialed(phone) == number


def test_chinese_is_left_to_mail_programs_to_wrap() -> None:
    sentence = "您收到这封邮件，因为有人（很可能是您）在 “Keep our shops local” 上使用了这个电子邮件地址。" * 3
    with speaking("zh_Hans"):
        assert wrap(sentence) == sentence
    with speaking("vi"):
        assert "\n" in wrap(sentence)


def test_wrapping_never_breaks_a_link() -> None:
    link = "https://letters.example/" + "long-part/" * 12
    assert wrap(f"{'word ' * 30}\n{link}\n").split("\n")[-2:] == [link, ""]


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    parts = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
