"""A supporter sends the letter that stood on their page; what was published meanwhile is shown to them first."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text, update
from werkzeug.test import TestResponse

from shared.db import campaigns
from shared.db.tables import consent, letter, submission
from shared.domain.campaign_steps import Step, step_mark
from shared.domain.campaigns import Campaign
from shared.domain.letter_versions import Exclusion, LetterVersion
from shared.domain.places import Chamber
from shared.services.editor.drafts import discard, publish, read_editing, save_step
from shared.services.invitations import invite
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, make_supporter
from tests.web.test_supporter import begin, csrf

CHANGED = "The letter changed"
Change = Callable[[Campaign], Campaign]


@pytest.fixture(autouse=True, params=["together", "alone"])
def live(request: pytest.FixtureRequest, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A live campaign, and both ways of Send."""
    make_campaign(engine)
    if request.param == "alone":
        monkeypatch.setattr(campaigns, "remembered", lambda _: None)


@pytest.fixture
def path(client: FlaskClient, prepare: Callable[[], int]) -> str:
    """The letter page of somebody whose legislators are known."""
    begun = begin(client)
    prepare()
    return begun


def publish_step(engine: Engine, step: Step, change: Change) -> None:
    mark = step_mark(read_editing(engine, "co-ops").campaign, step)
    save_step(engine, "co-ops", step, mark, change, actor="ana")
    publish(engine, "co-ops", actor="ana")


def body(words: str) -> Change:
    return lambda old: replace(
        old, versions=(replace(old.versions[0], body=f"Dear {{{{recipient_name}}}},\n\n{words}"),)
    )


def form_of(page: TestResponse) -> dict[str, object]:
    """What a browser would post: hidden fields, ticked boxes, and what stands in the text fields."""
    html = page.text[page.text.index('id="letter"') :]
    html = html[: html.index("</form>")]
    values: dict[str, object] = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', html))
    values["to"] = re.findall(r'name="to" value="(\d+)" checked', html)
    values["consents"] = re.findall(r'name="consents" value="([^"]+)" checked', html)
    return values | dict(re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', html))


def send(client: FlaskClient, path: str, page: TestResponse, **typed: object) -> TestResponse:
    return client.post(path, data={**form_of(page), "action": "send", **typed})


def bodies(engine: Engine, prepare: Callable[[], int]) -> list[str]:
    prepare()
    with engine.connect() as connection:
        return list(connection.scalars(select(letter.c.body).order_by(letter.c.id)))


def test_a_letter_that_changed_is_shown_before_it_is_sent(
    client: FlaskClient, engine: Engine, path: str, prepare: Callable[[], int]
) -> None:
    page = client.get(path)
    assert CHANGED not in page.text
    publish_step(engine, Step.LETTER, body("Vote AGAINST it. {{own_words}}"))
    own = {"own_words": "I shop there.", "consents": "Neighbors United", "to": form_of(page)["to"][:1]}  # type: ignore[index]
    again = send(client, path, page, **own)
    assert again.status_code == 409
    assert CHANGED in again.text
    assert "The text of the letter changed." in again.text
    assert "The subject changed." not in again.text
    assert "Vote AGAINST it." in again.text
    assert "data-own>I shop there.</mark>" in again.text
    assert {**form_of(again), **own, "consents": ["Neighbors United"]} == form_of(again)
    assert bodies(engine, prepare) == []
    # A page that is pressed twice, or sent again by the browser, is still the old one.
    assert send(client, path, page, **own).status_code == 409
    assert send(client, path, again).status_code == 303
    assert send(client, path, again).status_code == 303
    assert send(client, path, page).status_code == 303
    sent = bodies(engine, prepare)
    assert len(sent) == 1
    assert "Vote AGAINST it. I shop there." in sent[0]
    with engine.connect() as connection:
        assert connection.scalars(select(consent.c.organization)).all() == ["Neighbors United"]


CHANGES: list[tuple[Step, Change, str]] = [
    (Step.LETTER, lambda old: replace(old, versions=(replace(old.versions[0], subject="No"),)), "The subject changed."),
    (Step.LETTER, body("{{own_words}}\n\nPlease vote for the co-op bill."), "The text of the letter changed."),
    (
        Step.LETTER,
        lambda old: replace(
            old, versions=(LetterVersion("senate", "Hi", "Dear you,\n\nOne.", (Chamber.UPPER,)), *old.versions)
        ),
        "The text of the letter changed.",
    ),
    (
        Step.TARGETS,
        lambda old: replace(old, exclusions=(Exclusion("With us already.", chambers=(Chamber.LOWER,)),)),
        "The letter now goes to different offices.",
    ),
    (Step.PAGE, lambda old: replace(old, consents=("Others",)), "Different groups now ask to email you."),
]


@pytest.mark.parametrize(("step", "change", "words"), CHANGES)
def test_everything_that_a_page_promises_counts(
    client: FlaskClient, engine: Engine, path: str, step: Step, change: Change, words: str
) -> None:
    page = client.get(path)
    publish_step(engine, step, change)
    again = send(client, path, page)
    assert again.status_code == 409
    assert words in again.text
    assert send(client, path, again).status_code == 303


@pytest.mark.parametrize(("step", "change", "words"), CHANGES)
def test_so_it_does_while_the_legislators_are_not_known(
    client: FlaskClient, engine: Engine, step: Step, change: Change, words: str
) -> None:
    path = begin(client)
    page = client.get(path)
    publish_step(engine, step, change)
    again = send(client, path, page)
    assert again.status_code == 409
    assert words in again.text
    assert 'http-equiv="refresh"' not in again.text
    assert send(client, path, again).status_code == 303


@pytest.mark.parametrize(
    ("step", "change"),
    [
        (Step.PAGE, lambda old: replace(old, title="Another title", page="Other words.", lead="Act.")),
        (Step.FOLLOW_UPS, lambda old: replace(old, won_message="We won!")),
        (Step.TARGETS, lambda old: replace(old, exclusions=(Exclusion("Ours.", chambers=(Chamber.CONGRESS,)),))),
        (
            Step.LETTER,
            lambda old: replace(
                old, versions=(LetterVersion("x", "Hi", "Dear you,\n\nOne.", (Chamber.CONGRESS,)), *old.versions)
            ),
        ),
    ],
)
def test_what_does_not_concern_the_letter_needs_no_second_look(
    client: FlaskClient, engine: Engine, path: str, prepare: Callable[[], int], step: Step, change: Change
) -> None:
    page = client.get(path)
    publish_step(engine, step, change)
    assert send(client, path, page).status_code == 303
    assert all("Please vote for the co-op bill." in one for one in bodies(engine, prepare))


def test_nor_does_a_letter_to_an_office_that_is_not_ticked(
    client: FlaskClient, engine: Engine, path: str, prepare: Callable[[], int]
) -> None:
    page = client.get(path)
    house = form_of(page)["to"][:1]  # type: ignore[index]
    publish_step(engine, Step.LETTER, CHANGES[2][1])
    assert send(client, path, page, to=house).status_code == 303
    publish_step(engine, Step.LETTER, body("Later words."))
    sent = bodies(engine, prepare)
    assert len(sent) == 1
    assert "Please vote for the co-op bill." in sent[0]


def test_a_file_that_is_imported_again_counts_and_one_that_says_the_same_does_not(
    client: FlaskClient, engine: Engine, path: str, prepare: Callable[[], int]
) -> None:
    page = client.get(path)
    make_campaign(engine)
    make_campaign(engine, CAMPAIGN.replace("Write to the State House.", "Write now."))
    discard_something(engine)
    make_campaign(engine, CAMPAIGN.replace("Please vote for", "Please vote against"))
    assert send(client, path, page).status_code == 409
    make_campaign(engine)
    assert send(client, path, page).status_code == 303
    make_campaign(engine, CAMPAIGN.replace("Please vote for", "Please vote against"))
    assert all("Please vote for" in one for one in bodies(engine, prepare))


def discard_something(engine: Engine) -> None:
    mark = step_mark(read_editing(engine, "co-ops").campaign, Step.LETTER)
    save_step(engine, "co-ops", Step.LETTER, mark, body("Thrown away."), actor="ana")
    discard(engine, "co-ops", actor="ana")


@pytest.mark.parametrize("began", ["with an edition", "before the upgrade"])
def test_a_page_from_before_the_upgrade_says_what_changed_since_its_letter_began(
    client: FlaskClient, engine: Engine, path: str, prepare: Callable[[], int], began: str
) -> None:
    old = {"csrf_token": csrf(client.get(path)), "action": "send", "own_words": "Mine."}
    if began == "before the upgrade":
        with engine.begin() as connection:
            connection.execute(update(submission).values(edition_id=None))
    publish_step(engine, Step.PAGE, lambda campaign: replace(campaign, lead="Act now."))
    publish_step(engine, Step.LETTER, body("Other words. {{own_words}}"))
    again = client.post(path, data=old)
    assert again.status_code == 409
    assert "The text of the letter changed." in again.text
    assert send(client, path, again).status_code == 303
    assert all("Other words. Mine." in one for one in bodies(engine, prepare))


def test_a_page_from_before_the_upgrade_is_sent_when_nothing_changed(
    client: FlaskClient, engine: Engine, path: str, prepare: Callable[[], int]
) -> None:
    old = {"csrf_token": csrf(client.get(path)), "action": "send", "own_words": "Mine."}
    with engine.begin() as connection:
        connection.execute(update(submission).values(edition_id=None))
    assert client.post(path, data=old).status_code == 303
    publish_step(engine, Step.LETTER, body("Other words."))
    assert all("Please vote for the co-op bill." in one for one in bodies(engine, prepare))


@pytest.mark.parametrize("value", ["", "0", "-1", "x", "9" * 18, "9" * 30, "1e3", "٣", "discarded", "of another"])
def test_a_made_up_edition_gets_the_page_again(
    client: FlaskClient, engine: Engine, path: str, prepare: Callable[[], int], value: str
) -> None:
    page = client.get(path)
    discard_something(engine)
    make_campaign(engine, CAMPAIGN.replace('"co-ops"', '"trees"'))
    with engine.connect() as connection:
        discarded = connection.execute(text("SELECT id FROM campaign_edition WHERE kind = 'discarded'")).scalar_one()
        other = connection.execute(text("SELECT edition_id FROM campaign WHERE slug = 'trees'")).scalar_one()
    again = send(client, path, page, edition={"discarded": discarded, "of another": other}.get(value, value))
    assert again.status_code == 409
    assert CHANGED in again.text
    assert "<li>The" not in again.text
    assert client.get(f"{path}?since={value}").status_code == 200
    assert send(client, path, again).status_code == 303
    assert all("Please vote for the co-op bill." in one for one in bodies(engine, prepare))


def test_the_edit_form_tells_too_and_keeps_what_was_edited(
    client: FlaskClient, engine: Engine, path: str, prepare: Callable[[], int]
) -> None:
    page = client.get(path)
    publish_step(
        engine, Step.LETTER, lambda old: replace(old, versions=(LetterVersion("all", "S", "Hey you,\n\nNew."),))
    )
    edit = client.post(path, data={**form_of(page), "action": "edit"})
    form = client.get(edit.location)
    assert CHANGED in form.text
    assert ">New.</textarea>" in form.text
    publish_step(
        engine, Step.LETTER, lambda old: replace(old, versions=(LetterVersion("all", "S", "Hi you,\n\nNew."),))
    )
    typed = {"edited_subject": "My subject", "edited_body": "My letter."}
    again = send(client, path, form, **typed)
    assert again.status_code == 409
    assert "The subject changed." not in again.text
    assert "Hi you," in again.text
    assert ">My letter.</textarea>" in again.text
    assert send(client, path, again, **typed).status_code == 303
    assert bodies(engine, prepare) == ["Hi you,\n\nMy letter."] * 2


def test_an_edited_letter_leaves_as_it_was_read(
    client: FlaskClient, engine: Engine, path: str, prepare: Callable[[], int]
) -> None:
    linked = "Please vote for the co-op bill, see https://example.org/bill."
    publish_step(engine, Step.LETTER, body(linked))
    edit = client.post(path, data={**form_of(client.get(path)), "action": "edit"})
    form = client.get(edit.location)
    publish_step(engine, Step.LETTER, body("Vote AGAINST it."))
    typed = {"edited_subject": "Mine", "edited_body": linked}
    assert client.post(path, data={**form_of(form), **typed, "action": "save"}).status_code == 303
    assert send(client, path, form, **typed).status_code == 303
    assert all(linked in one for one in bodies(engine, prepare))


def test_a_form_with_a_mistake_tells_too(client: FlaskClient, engine: Engine, path: str) -> None:
    page = client.get(path)
    publish_step(engine, Step.LETTER, body("Other words."))
    wrong = send(client, path, page, to=[])
    assert wrong.status_code in (409, 422)
    assert CHANGED in wrong.text
    late = client.post(path, data={**form_of(page), "csrf_token": "old", "action": "send"})
    assert late.status_code == 400
    assert CHANGED in late.text


def test_a_personal_link_shows_the_letter_of_the_day(
    client: FlaskClient, engine: Engine, settings: Settings, prepare: Callable[[], int]
) -> None:
    link = next(iter(invite(engine, settings, "co-ops", [make_supporter()], source="list"))).link
    publish_step(engine, Step.LETTER, body("Other words."))
    path = client.get(link[link.index("/go/") :]).location
    prepare()
    page = client.get(path)
    assert CHANGED not in page.text
    publish_step(engine, Step.LETTER, body("Yet others."))
    again = send(client, path, page)
    assert again.status_code == 409
    assert send(client, path, again).status_code == 303
    assert all("Yet others." in one for one in bodies(engine, prepare))
