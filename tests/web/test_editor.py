"""The campaign editor: drafts, conflicts, publishing, tests and the way back, without a script and with its answers."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import Engine, select
from werkzeug.test import TestResponse

from shared.db.tables import campaign, letter
from shared.domain.campaign_steps import Step, step_mark
from shared.domain.states import CampaignState
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.campaigns import change_campaign_state, read_campaign
from shared.services.editor.drafts import read_editing
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import make_draft, make_supporter
from tests.smtp_server import ScriptedSmtpServer
from tests.web.test_organizer import press, sign_in
from web.app import create_app

EDIT = "/admin/campaigns/co-ops/edit"


@pytest.fixture
def mail(settings: Settings) -> Iterator[ScriptedSmtpServer]:
    with ScriptedSmtpServer() as server:
        yield server


@pytest.fixture
def signed_in(engine: Engine, ring: Ring, settings: Settings, mail: ScriptedSmtpServer) -> FlaskClient:
    make_draft(engine)
    app = create_app(replace(settings, mailbox_url=mail.url), engine, ring)
    return sign_in(app.test_client(), engine)


def form_of(page: str) -> dict[str, str]:
    """The editor's form as a browser would post it, without its ticks and buttons."""
    form = page[page.index('id="edit"') :]
    values = dict(re.findall(r'<input[^>]*? name="([^"]+)" value="([^"]*)"', form.replace('type="checkbox" ', "X")))
    values |= dict(re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', form))
    inputs = re.findall(r'<input class="in"[^>]*? name="([^"]+)" value="([^"]*)"', form)
    return {name: value.replace("&#39;", "'").replace("&amp;", "&") for name, value in (values | dict(inputs)).items()}


def save(client: FlaskClient, step: str, *, script: bool = False, edit: str = EDIT, **typed: object) -> TestResponse:
    values = form_of(client.get(f"{edit}/{step}").text) | typed
    headers = {"X-Requested-With": "autosave"} if script else {}
    return client.post(f"{edit}/{step}", data=values, headers=headers)


def say_live(engine: Engine) -> None:
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")


def test_an_empty_installation_leads_to_a_campaign_that_can_go_live(
    engine: Engine, ring: Ring, settings: Settings, mail: ScriptedSmtpServer
) -> None:
    client = sign_in(create_app(replace(settings, mailbox_url=mail.url), engine, ring).test_client(), engine)
    assert "Make your first campaign" in client.get("/admin/").text
    page = press(client, "/admin/campaigns/new", title="  ", host="")
    assert page.status_code == 422
    assert "Give the campaign a title" in page.text
    begun = press(client, "/admin/campaigns/new", title="Save our buses!", host="Riders", jurisdiction="MA")
    assert begun.location == "/admin/campaigns/save-our-buses/edit/page"
    edit = "/admin/campaigns/save-our-buses/edit"
    assert "No test of these words was sent yet" in client.get(f"{edit}/publish").text
    press(client, f"{edit}/publish", f"{edit}/open", action="live")
    assert read_campaign(engine, "save-our-buses").state == "draft"
    # The example is no campaign: each of its texts is asked for.
    for where, step, typed in (
        ("lead", "page", {"lead": "The buses stop."}),
        ("text", "page", {"page": "They stop in May."}),
        ("letter", "letter", {"body": "Dear {{recipient_name}},\n\nPlease act."}),
    ):
        assert f"The {where} still has a sentence of the example" in client.get(f"{edit}/publish").text
        save(client, step, edit=edit, **typed)
    press(client, f"{edit}/publish", f"{edit}/test")
    assert [(to, b"[Test] Please support: Save our buses!" in raw) for _, to, raw in mail.accepted] == [
        ("organizer@example.org", True)
    ]
    assert "local mailbox of this machine" in client.get(f"{edit}/publish").text
    assert press(client, f"{edit}/publish", f"{edit}/open", action="live").location.endswith("/save-our-buses")
    assert read_campaign(engine, "save-our-buses").state == "live"
    again = press(client, "/admin/campaigns/new", title="Save our buses", host="Riders", jurisdiction="MA")
    assert again.location == "/admin/campaigns/save-our-buses-2/edit/page"


def test_every_step_opens_and_saves_without_changing_anything(signed_in: FlaskClient, engine: Engine) -> None:
    before = read_campaign(engine, "co-ops").campaign
    for step in ("page", "share", "follow-ups"):
        assert signed_in.get(f"{EDIT}/{step}").status_code == 200
        assert save(signed_in, step).status_code == 303
        assert not read_editing(engine, "co-ops").changed, step
    values = form_of(signed_in.get(f"{EDIT}/targets").text)
    assert signed_in.post(f"{EDIT}/targets", data={**values, "chambers": ["lower", "upper"]}).status_code == 303
    assert save(signed_in, "letter").status_code == 303
    assert read_editing(engine, "co-ops").campaign == before
    assert signed_in.get(f"{EDIT}/nonsense").status_code == 404


def test_phrases_that_hold_letters_are_edited_taken_out_and_put_back(signed_in: FlaskClient, engine: Engine) -> None:
    page = signed_in.get(f"{EDIT}/letter").text
    ours = form_of(page)["held_phrases"]
    assert "i/we know where you live" in ours
    for typed, kept in (("go away\r\n\r\n go  away \r\nburn it", ("go away", "burn it")), ("", ()), (ours, None)):
        assert save(signed_in, "letter", held_phrases=typed).status_code == 303
        assert read_editing(engine, "co-ops").campaign.held_phrases == kept


def test_a_public_campaign_changes_only_when_it_is_published(signed_in: FlaskClient, engine: Engine) -> None:
    say_live(engine)
    assert save(signed_in, "page", title="A finer title", lead="Act now.", action="next").location.endswith("/letter")
    assert read_campaign(engine, "co-ops").campaign.title == "Keep our shops local"
    page = signed_in.get(f"{EDIT}/publish").text
    assert "Changed since it was published: <b>Page</b>" in page
    press(signed_in, f"{EDIT}/publish")
    assert "Still to do: You have read the letters as an email" in signed_in.get(f"{EDIT}/publish").text
    press(signed_in, f"{EDIT}/publish", f"{EDIT}/test")
    press(signed_in, f"{EDIT}/publish")
    assert read_campaign(engine, "co-ops").campaign.title == "A finer title"
    # The text from before is kept, and comes back.
    numbers = re.findall(r"/restore/(\d+)", signed_in.get(f"{EDIT}/publish").text)
    assert len(numbers) == 2
    press(signed_in, f"{EDIT}/restore/{numbers[1]}")
    assert read_editing(engine, "co-ops").campaign.title == "Keep our shops local"
    assert read_campaign(engine, "co-ops").campaign.title == "A finer title"
    press(signed_in, f"{EDIT}/undo")
    assert read_editing(engine, "co-ops").campaign.title == "A finer title"
    assert "Put aside" in signed_in.get(f"{EDIT}/publish").text
    assert press(signed_in, f"{EDIT}/undo", f"{EDIT}/restore/999").status_code == 404


def test_a_draft_shows_its_words_on_the_test_page_at_once_but_no_broken_field(
    signed_in: FlaskClient, engine: Engine
) -> None:
    save(signed_in, "page", title="Fresh words")
    assert read_campaign(engine, "co-ops").campaign.title == "Fresh words"
    save(signed_in, "letter", body="Dear {{nobody}},\n\nHello")
    assert "{{nobody}}" not in read_campaign(engine, "co-ops").campaign.versions[0].body
    page = signed_in.get(f"{EDIT}/letter").text
    assert "Letter, line 1: {{nobody}} is not a field." in page
    assert "Letter, line 1: {{nobody}}" in signed_in.get(f"{EDIT}/publish").text
    press(signed_in, f"{EDIT}/publish", f"{EDIT}/test")
    assert "No test was sent. Letter, line 1" in signed_in.get(f"{EDIT}/publish").text


def test_two_who_write_at_once_lose_nothing(signed_in: FlaskClient, engine: Engine) -> None:
    old = form_of(signed_in.get(f"{EDIT}/page").text)
    save(signed_in, "page", title="Theirs")
    answer = signed_in.post(f"{EDIT}/page", data={**old, "title": "Mine"}, headers={"X-Requested-With": "autosave"})
    assert (answer.status_code, answer.json["by"]) == (409, "you, in another tab")
    page = signed_in.post(f"{EDIT}/page", data={**old, "title": "Mine"})
    assert page.status_code == 409
    assert 'value="Mine"' in page.text
    assert "<pre>Theirs</pre>" in page.text
    assert read_editing(engine, "co-ops").campaign.title == "Theirs"
    assert signed_in.post(f"{EDIT}/page", data=form_of(page.text)).status_code == 303
    assert read_editing(engine, "co-ops").campaign.title == "Mine"
    # Another step is no conflict.
    assert signed_in.post(f"{EDIT}/share", data=form_of(signed_in.get(f"{EDIT}/share").text)).status_code == 303


def test_the_script_is_told_when_it_was_saved_and_what_was_not(signed_in: FlaskClient, engine: Engine) -> None:
    answer = save(signed_in, "page", script=True, title="Half", host_url="nonsense")
    assert answer.json["wrong"] == {"host_url": "Begin the address with https://"}
    assert re.match(r"\d", answer.json["saved"])
    assert answer.json["mark"] == step_mark(read_editing(engine, "co-ops").campaign, Step.PAGE)
    wrong = save(signed_in, "page", host_url="nonsense", deadline="someday", title="")
    assert wrong.status_code == 422
    assert 'value="nonsense"' in wrong.text
    assert "Choose a day" in wrong.text
    assert "Type a whole number" in save(signed_in, "share", goal="many").text


def test_versions_are_added_moved_aimed_and_removed(signed_in: FlaskClient, engine: Engine) -> None:
    save(signed_in, "letter", action="add")
    assert "“version 2” is for everybody, so the versions below it" in signed_in.get(f"{EDIT}/publish").text
    values = form_of(signed_in.get(f"{EDIT}/letter").text)
    assert values["name"] == "version 2"
    typed = {**values, "name": "senate", "body": "Dear senator,\n\nPlease.", "for-chambers": "upper"}
    assert signed_in.post(f"{EDIT}/letter", data=typed).status_code == 303
    versions = read_editing(engine, "co-ops").campaign.versions
    assert [(one.name, [*one.chambers]) for one in versions] == [("senate", ["upper"]), ("all", [])]
    save(signed_in, "letter", action="down", **{"for-chambers": "upper"})
    assert [one.name for one in read_editing(engine, "co-ops").campaign.versions] == ["all", "senate"]
    save(signed_in, "letter", name="senate")
    assert [one.name for one in read_editing(engine, "co-ops").campaign.versions] == ["all", "senate"]
    save(signed_in, "letter", action="remove")
    assert [one.name for one in read_editing(engine, "co-ops").campaign.versions] == ["senate"]


def test_offices_are_named_grouped_thanked_and_left_out(signed_in: FlaskClient, engine: Engine) -> None:
    signed_in.get(f"{EDIT}/targets")
    typed = {"chambers": ["lower", "upper"], "group-0-name": "Chairs", "group-0-offices-more": "Robin Practice"}
    assert save(signed_in, "targets", **typed).status_code == 303
    group = read_editing(engine, "co-ops").campaign.groups[0]
    assert (group.name, group.offices) == ("Chairs", ("ocd-division/country:us/state:ma/sldu:practice",))
    page = signed_in.get(f"{EDIT}/targets").text
    assert "Senate: First Practice District (Robin Practice)" in page
    without = save(signed_in, "targets", **typed, **{"not-0-groups": "Chairs"})
    assert "Say why, in words that supporters read." in without.text
    save(signed_in, "targets", **typed, **{"not-0-groups": "Chairs", "not-0-reason": "With us already."})
    campaign_now = read_campaign(engine, "co-ops").campaign
    assert campaign_now.exclusions[0].reason == "With us already."
    # A new name goes along.
    save(signed_in, "targets", **{**typed, "group-0-name": "Heads"}, **{"not-0-groups": "Chairs"})
    assert read_editing(engine, "co-ops").campaign.exclusions[0].groups == ("Heads",)
    bad = save(signed_in, "targets", **{"chambers": "lower", "group-0-offices": "Nowhere\nPractice"})
    assert "“Nowhere” is not an office that we know." in bad.text


def test_the_preview_follows_what_is_typed_and_saves_nothing(signed_in: FlaskClient, engine: Engine) -> None:
    values = form_of(signed_in.get(f"{EDIT}/letter").text) | {"subject": "Hello {{district}}", "device": "desktop"}
    shown = signed_in.post(f"{EDIT}/letter/preview", data=values).text
    assert "Hello 1st Practice District" in shown
    assert 'class="desk"' in shown
    vacant = signed_in.post(f"{EDIT}/letter/preview", data={**values, "as": "vacant"}).text
    assert "Nobody holds this seat." in vacant
    broken = signed_in.post(f"{EDIT}/letter/preview", data={**values, "body": "Hi\n{{foo}}"}).text
    assert "Letter, line 2: {{foo}} is not a field" in broken
    page = signed_in.post(f"{EDIT}/page/preview", data=form_of(signed_in.get(f"{EDIT}/page").text) | {"lead": "Now!"})
    assert "Now!" in page.text
    assert not read_editing(engine, "co-ops").changed
    saved = save(signed_in, "letter", action="preview", **{"as": "longest", "device": "desktop"})
    assert "as=longest&device=desktop#preview" in saved.location


def test_letters_that_were_accepted_keep_their_text(
    signed_in: FlaskClient, engine: Engine, ring: Ring, settings: Settings
) -> None:
    say_live(engine)
    token = begin_submission(engine, ring, settings, "co-ops", make_supporter())
    accept_submission(engine, ring, settings, token, own_words="")
    save(signed_in, "page", lead="Ask.")
    save(signed_in, "letter", body="Dear you,\n\nEntirely new.")
    press(signed_in, f"{EDIT}/publish", f"{EDIT}/test")
    press(signed_in, f"{EDIT}/publish")
    assert "Entirely new" in read_campaign(engine, "co-ops").campaign.versions[0].body
    prepare_submissions(engine, ring, settings)
    with engine.connect() as connection:
        bodies = connection.execute(select(letter.c.body)).scalars().all()
    assert len(bodies) == 2
    assert all("Please vote for the co-op bill." in body for body in bodies)


def test_a_logo_is_uploaded_into_the_draft(signed_in: FlaskClient, engine: Engine) -> None:
    say_live(engine)
    picture = io.BytesIO()
    Image.effect_noise((300, 100), 90).convert("RGB").save(picture, "PNG")
    token = form_of(signed_in.get(f"{EDIT}/page").text)["csrf_token"]
    picture.seek(0)
    data = {"csrf_token": token, "logo": (picture, "sign.png")}
    assert signed_in.post(f"{EDIT}/page/logo", data=data).status_code == 303
    assert read_editing(engine, "co-ops").campaign.logo is not None
    assert read_campaign(engine, "co-ops").campaign.logo is None
    assert signed_in.get(f"{EDIT}/page/logo.png").mimetype == "image/png"
    bad = {"csrf_token": token, "logo": (io.BytesIO(b"no picture"), "x.png")}
    signed_in.post(f"{EDIT}/page/logo", data=bad)
    assert "is not a picture that we can read" in signed_in.get(f"{EDIT}/page").text
    signed_in.post(f"{EDIT}/page/logo", data={"csrf_token": token, "remove": "1"})
    assert read_editing(engine, "co-ops").campaign.logo is None


def test_a_copy_has_the_text_and_no_people(signed_in: FlaskClient, engine: Engine) -> None:
    location = press(signed_in, "/admin/campaigns/co-ops/duplicate").location
    assert location.endswith("/keep-our-shops-local-copy/edit/page")
    copy = read_campaign(engine, "keep-our-shops-local-copy")
    assert (copy.state, copy.campaign.versions) == ("draft", read_campaign(engine, "co-ops").campaign.versions)


def test_it_is_scheduled_for_a_day_to_come_only(signed_in: FlaskClient, engine: Engine) -> None:
    save(signed_in, "page", lead="Ask.", opens="2020-01-01T09:00")
    press(signed_in, f"{EDIT}/publish", f"{EDIT}/test")
    press(signed_in, f"{EDIT}/publish", f"{EDIT}/open", action="schedule")
    assert "choose a day that is still to come" in signed_in.get(f"{EDIT}/publish").text
    save(signed_in, "page", lead="Ask.", opens="2999-01-01T09:00")
    press(signed_in, f"{EDIT}/publish", f"{EDIT}/open", action="schedule")
    with engine.connect() as connection:
        assert connection.execute(select(campaign.c.state)).scalar_one() == "scheduled"
