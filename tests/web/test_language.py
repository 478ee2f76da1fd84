"""Pages in the language of their reader: chosen by the browser and a menu, kept, and never mixed up in a cache."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from shared.db.tables import consent, follow_up, submission
from shared.domain.languages import LANGUAGES, html_tag
from shared.queue.ring import Ring
from shared.rendering.speech import gettext, speaking
from shared.services.delivery import deliver_letters, send_mail
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign
from tests.smtp_server import ScriptedSmtpServer

SPANISH = CAMPAIGN.replace(
    "\n+++\n<!-- page -->",
    '\n[translations.es]\ntitle = "Tiendas de aquí"\n+++\n<!-- page: es -->\nEscriba.\n<!-- page -->',
)
TYPED = {
    "first_name": "Jamie",
    "last_name": "Rivera",
    "email": "jamie@example.org",
    "street": "12 Maple Street",
    "city": "Worcester",
    "zip": "01603",
}


def said(language: str, message: str) -> str:
    with speaking(language):
        return gettext(message)


def language_of(html: str) -> str:
    found = re.search(r'<html lang="([^"]+)"', html)
    assert found
    return found[1]


def begin(client: FlaskClient, address: str = "/c/co-ops") -> str:
    answer = client.post(address, data=TYPED)
    assert answer.status_code == 303
    return str(answer.location)


def token_of(html: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found
    return found[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_campaign_page_in_every_language(client: FlaskClient, engine: Engine, language: str) -> None:
    make_campaign(engine, SPANISH)
    page = client.get("/c/co-ops", headers={"Accept-Language": html_tag(language)})
    assert language_of(page.text) == html_tag(language)
    assert said(language, "Continue to my letter") in page.text
    assert "Accept-Language" in page.vary
    assert "Set-Cookie" not in page.headers
    assert page.cache_control.public
    assert client.get(f"/c/co-ops?lang={html_tag(language)}").text == page.text


def test_a_kept_page_holds_nothing_of_its_first_reader(client: FlaskClient, engine: Engine) -> None:
    make_campaign(engine, SPANISH)
    first = client.get("/c/co-ops?source=flyer&lang=es").text
    assert "flyer" not in first
    assert client.get("/c/co-ops?source=sms", headers={"Accept-Language": "es"}).text == first
    assert client.get("/c/co-ops").text != first


def test_text_of_the_campaign_is_marked_where_its_language_differs(client: FlaskClient, engine: Engine) -> None:
    make_campaign(engine, SPANISH)
    spanish = client.get("/c/co-ops?lang=es").text
    assert "<h1>Tiendas de aquí</h1>" in spanish
    assert 'lang="en">Keep our shops local' not in spanish
    assert '<h1 lang="en">Keep our shops local</h1>' in client.get("/c/co-ops?lang=vi").text
    assert "<h1>Keep our shops local</h1>" in client.get("/c/co-ops?lang=en").text


def test_unknown_languages_and_the_tests_own(client: FlaskClient, engine: Engine, app: object) -> None:
    make_campaign(engine)
    assert language_of(client.get("/c/co-ops?lang=tlh").text) == "en"
    assert language_of(client.get("/c/co-ops?lang=%3Cscript%3E").text) == "en"
    assert "⟦" in client.get("/c/co-ops?lang=en-XA").text


def test_the_choice_stays_to_the_end(
    client: FlaskClient,
    engine: Engine,
    settings: Settings,
    ring: Ring,
    prepare: Callable[[], int],
) -> None:
    make_campaign(engine, SPANISH)
    letter = begin(client, "/c/co-ops?lang=es")
    prepare()
    page = client.get(letter, headers={"Accept-Language": "vi"})
    assert language_of(page.text) == "es"
    assert f"<h2>{said('es', 'Your letter')}</h2>" in page.text
    # The letter itself stays in the campaign's language, and says so.
    assert re.search(r'class="paper" id="paper-1" lang="en"', page.text)
    assert "Please vote for the co-op bill." in page.text
    sent = {
        "csrf_token": token_of(page.text),
        "action": "send",
        "own_words": "Mi panadería.",
        "consents": "Neighbors United",
    }
    status = client.get(client.post(letter, data=sent).location)
    assert said("es", "Where your letters are") in status.text
    prepare()
    with ScriptedSmtpServer() as server:
        here = replace(settings, mailbox_url=server.url)
        deliver_letters(engine, ring, here, first_tries=True)
        send_mail(engine, ring, here)
    with engine.connect() as connection:
        language = connection.scalar(select(submission.c.language))
        wording, in_language = connection.execute(select(consent.c.wording, consent.c.language)).one()
        thanks = select(follow_up.c.subject, follow_up.c.body_text).where(follow_up.c.kind == "thank_you")
        subject, body = connection.execute(thanks).one()
    assert (language, in_language) == ("es", "es")
    assert said("es", "Email me about this campaign and others.") in wording
    assert "Tiendas de aquí" in body
    assert said("es", "Your copy") in body
    assert "Please vote for the co-op bill." in body
    assert "?lang=es" in body
    assert "copy" not in subject


def test_a_link_of_an_email_opens_in_its_language(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int]
) -> None:
    make_campaign(engine)
    letter = begin(client)
    prepare()
    assert language_of(client.get(f"{letter}?lang=ht").text) == "ht"
    assert language_of(client.get(letter).text) == "ht"


def test_another_language_on_the_letter_page_loses_no_word(
    client: FlaskClient, engine: Engine, prepare: Callable[[], int]
) -> None:
    make_campaign(engine)
    letter = begin(client)
    prepare()
    data = {"csrf_token": token_of(client.get(letter).text), "speak": "zh_Hant", "own_words": "My bakery closed."}
    answer = client.post(letter, data=data)
    page = client.get(answer.location).text
    assert language_of(page) == "zh-Hant"
    assert "My bakery closed." in page


def test_mistakes_are_named_in_the_readers_language(client: FlaskClient, engine: Engine) -> None:
    make_campaign(engine)
    page = client.post("/c/co-ops?lang=pt-BR", data=TYPED | {"city": "", "email": "jamie", "street": "x" * 201})
    assert page.status_code == 422
    for message in ("There is a problem", "Enter your city or town", "This must be %(most)s characters or fewer"):
        assert said("pt_BR", message).replace("%(most)s", "200") in page.text
    assert said("pt_BR", "There is nothing here") in client.get("/nowhere", headers={"Accept-Language": "pt"}).text


def test_the_console_stays_english(client: FlaskClient, engine: Engine) -> None:
    assert 'lang="en"' in client.get("/admin/sign-in?lang=es", headers={"Accept-Language": "es"}).text
