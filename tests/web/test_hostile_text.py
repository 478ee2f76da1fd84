"""No posted text stops the pages: every field of every form, every address, header and webhook."""

import json
import re
from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import ClassVar
from urllib.parse import urlencode

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import IntegerConverter, Rule
from werkzeug.test import TestResponse

from shared.db.tables import receipt
from shared.domain.campaign_steps import Step
from shared.domain.identities import invitation_key, owner_key, unsubscribe_key
from shared.domain.integers import MAX_ID
from shared.domain.office_changes import ChangeKind
from shared.providers.webhooks import make_webhook
from shared.queue.ring import Ring
from shared.services.receipts import store
from shared.settings import Settings
from tests.factories import make_campaign, write_letters
from tests.hostile import MOST_CPU_S, PIECES, SIZES, cpu_seconds, hostile, in_turn
from tests.providers import signed_posts as posts
from tests.web.test_organizer import sign_in
from tests.web.test_supporter import TYPED, begin
from web.app import create_app
from web.limits import MAX_FIELDS, MAX_FORM_BYTES, MAX_HEADER, MAX_TARGET

# Ends the session, or what the next forms are about.
LAST = ("admin.sign_out", "public.delete", "public.forget", "public.undo")
VALUES: dict[str, list[str]] = {
    "slug": ["co-ops"],
    "step": [step.value for step in Step],
    "what": [kind.value for kind in ChangeKind],
    "state": ["live"],
    "move": ["pause"],
}
# The buttons that lead elsewhere in the same view.
ACTIONS = {"public.act": ("save", "send", "edit", "answer", "address", "enter", "original")}
MOST_COOKIE = 4_096
HEADERS = (
    *("Accept-Encoding", "Accept-Language", "Authorization", "Content-Type", "Cookie", "Host", "If-Match"),
    *("If-Modified-Since", "If-None-Match", "If-Range", "Origin", "Range", "Referer", "Sec-Fetch-Site"),
    *("User-Agent", "X-Forwarded-For", "X-Requested-With"),
)


class Asked(ImmutableMultiDict[str, str]):
    """What was posted, or stands in the address; writes down the names that views ask for."""

    names: ClassVar[set[str]] = set()

    def get(self, key: str, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        self.names.add(key)
        return super().get(key, *args, **kwargs)  # type: ignore[call-overload]

    def getlist(self, key: str, *args: object) -> list[str]:  # type: ignore[override]
        self.names.add(key)
        return super().getlist(key, *args)  # type: ignore[call-overload, no-any-return]

    def __getitem__(self, key: str) -> str:
        self.names.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.names.add(str(key))
        return super().__contains__(key)


class Noting(Request):
    parameter_storage_class = Asked


@pytest.fixture
def app(settings: Settings, engine: Engine, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(store, "make_webhook", partial(make_webhook, fetch=posts.Amazon().fetch))
    proofs = f"ses={posts.TOPIC},sendgrid={posts.sendgrid_proof()}"
    proofs += f",mailgun={posts.MAILGUN_KEY},postmark={posts.POSTMARK_SECRET}"
    changes = {"webhooks": proofs, "network_limit": "off", "email_limit": "off"}
    app = create_app(Settings(**{**settings.__dict__, **changes}), engine, ring)
    app.request_class = Noting
    make_campaign(engine)
    return app


@pytest.fixture
def known(client: FlaskClient, engine: Engine, ring: Ring, settings: Settings) -> dict[str, list[str]]:
    """Values for addresses: a browser that signed in, with a draft of its own and another person's sent letters."""
    sign_in(client, engine)
    sent = write_letters(engine, ring, settings, "sent@example.org")
    draft = begin(client).rpartition("/")[2]
    with client.session_transaction() as session:
        session["owned"] = [draft, sent]
    secret = settings.secret_key
    keys = [owner_key(secret, sent), invitation_key(secret, sent), unsubscribe_key(secret, 1)]
    return VALUES | {"token": [draft, sent], "key": keys}


def addresses(app: Flask, rule: Rule, known: dict[str, list[str]]) -> Iterator[str]:
    """The rule's addresses with values of things that are there."""
    names = sorted(rule.arguments)
    with app.test_request_context():
        for values in product(*(known.get(name, ["1"]) for name in names)):
            yield str(rule.build(dict(zip(names, values, strict=True)))[1])  # type: ignore[index]


def check(client: FlaskClient, path: str, method: str = "POST", **sent: object) -> TestResponse:
    """Opens it, within the bound and without an error of ours."""
    answer, spent = cpu_seconds(lambda: client.open(path, method=method, **sent))  # type: ignore[arg-type]
    told = f"{method} {path[:80]} {str(sent)[:120]}"
    answer.get_data()
    answer.close()
    assert answer.status_code < 500, told
    # Browsers drop longer cookies, and a session with them.
    assert all(len(cookie) < MOST_COOKIE for cookie in answer.headers.getlist("Set-Cookie")), told
    assert spent < MOST_CPU_S, f"{told}: {spent:.2f} s"
    return answer


def post(client: FlaskClient, path: str, form: dict[str, str]) -> TestResponse:
    """As programs post: bytes beyond ASCII as they are, so that more of them fit."""
    body = "&".join(f"{name}={_bare(value)}" for name, value in form.items()).encode()
    return check(client, path, data=body, content_type="application/x-www-form-urlencoded")


def _bare(value: str) -> str:
    return value.replace("%", "%25").replace("&", "%26").replace("+", "%2B")


def asked_names(client: FlaskClient, path: str, form: dict[str, str]) -> set[str]:
    """The fields that the view behind an address asks for."""
    Asked.names.clear()
    post(client, path, form)
    post(client, path, dict.fromkeys(Asked.names, "x") | form)
    return set(Asked.names)


def token_of(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/admin/sign-in").text)
    assert found
    return found[1]


def test_every_field_of_every_form(app: Flask, client: FlaskClient, known: dict[str, list[str]]) -> None:
    app.config["WTF_CSRF_CHECK_DEFAULT"] = True
    turn, fields = in_turn(), 0
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    for rule in sorted(rules, key=lambda one: one.endpoint in LAST):
        if rule.endpoint in LAST[:1]:
            continue
        for path in addresses(app, rule, known):
            for action in ACTIONS.get(rule.endpoint, ("",)):
                form = TYPED | {"csrf_token": token_of(client), "action": action}
                for name in sorted(asked_names(client, path, form)):
                    fields += 1
                    for size in SIZES:
                        post(client, path, form | {name: hostile(next(turn), size)})
    assert fields > 250


def test_every_text_in_the_words_of_supporters(client: FlaskClient, known: dict[str, list[str]]) -> None:
    form = {"csrf_token": token_of(client), "action": "save", "edited_subject": "x"}
    for text, size in product(PIECES, SIZES):
        words = hostile(text, size)
        for field in ("own_words", "edited_subject", "edited_body"):
            post(client, f"/c/co-ops/letter/{known['token'][0]}", form | {"edited_body": "x"} | {field: words})
        post(client, "/c/co-ops", TYPED | {"street": words, "zip": words, "email": words, "first_name": words})


def test_every_parameter_and_part_of_an_address(app: Flask, client: FlaskClient, known: dict[str, list[str]]) -> None:
    turn = in_turn()
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        path = next(addresses(app, rule, known))
        Asked.names.clear()
        check(client, path, "GET")
        for name in sorted(Asked.names - {"csrf_token"}):
            check(client, f"{path}?{urlencode({name: hostile(next(turn), 2_500)})}", "GET")
        for part in rule.arguments & {"slug", "token", "key", "step", "what", "code", "source"}:
            text = hostile(next(turn), 2_500)
            check(client, next(addresses(app, rule, known | {part: [text.replace("/", "")]})), "GET")


def test_addresses_and_headers_have_a_longest_length(
    app: Flask, client: FlaskClient, known: dict[str, list[str]]
) -> None:
    bare = app.test_client(use_cookies=False)
    assert check(client, "/c/" + "x" * MAX_TARGET, "GET").status_code == 414
    assert check(client, "/?" + "&" * MAX_TARGET, "GET").status_code == 414
    pages = ("/c/co-ops", "/c/co-ops/card.png", f"/c/co-ops/letter/{known['token'][0]}", "/static/public.css")
    for name, page in product(HEADERS, pages):
        for text in (" ", "9", ";=", ",", '"', "a/", "%"):
            check(
                bare if name == "Cookie" else client,
                page,
                "GET",
                headers={name: "x" + text * (MAX_HEADER // len(text) - 1)},
            )
    assert check(bare, "/", "GET", headers={"Cookie": "x" * (MAX_HEADER + 1)}).status_code == 431


def test_rows_are_named_by_integers_within_bounds(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        for converter in rule._converters.values():
            assert not isinstance(converter, IntegerConverter) or converter.max == MAX_ID, rule


def test_forms_with_very_many_fields_are_refused(client: FlaskClient, known: dict[str, list[str]]) -> None:
    for piece in ("a=&", "&", "a[b]=1&", "=&"):
        answer = check(
            client,
            "/c/co-ops",
            data=piece * (MAX_FORM_BYTES // len(piece)),
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status_code == 413
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' for _ in range(4_000))
    check(client, "/c/co-ops", data=parts + b"--x--\r\n", content_type="multipart/form-data; boundary=x")
    for piece in (b"\r\n--", b"\r", b"--x\r\n"):
        check(client, "/c/co-ops", data=piece * 50_000, content_type="multipart/form-data; boundary=x")
    assert client.post("/c/co-ops", data={f"a{number}": "" for number in range(MAX_FIELDS - 1)}).status_code == 422


def test_numbers_beyond_bounds_are_no_numbers(client: FlaskClient, known: dict[str, list[str]]) -> None:
    path, csrf = f"/c/co-ops/letter/{known['token'][0]}", token_of(client)
    for number in ("9" * 5_000, "²", "٣", "-1", str(2**63), "1_0", " 1"):
        for fields in (
            {"suggestion": number},
            {"mine-lower": number, "mine-upper": number},
            {"to": number, "boxes": "1"},
        ):
            for action in ACTIONS["public.act"]:
                post(client, path, {"csrf_token": csrf, "action": action, "edition": number} | fields)
        check(client, f"/admin/letters/{number}", "GET")
        check(client, f"/s/{known['token'][1]}/letters/{number}/cancel", data={"csrf_token": csrf})
        check(client, f"/admin/audit?before={number}", "GET")


SIGNED = {
    "sendgrid": posts.sendgrid,
    "mailgun": posts.mailgun,
    "postmark": posts.postmark,
    "ses": lambda event: posts.sns({"eventType": "Bounce", "mail": event}),
}


@pytest.mark.parametrize("source", SIGNED)
def test_every_webhook(client: FlaskClient, source: str) -> None:
    turn = in_turn()
    for size in SIZES:
        for piece in ('["', "[", '{"a":', "9", "[1,", '"\\ud800', " "):
            body = (piece * (size // len(piece))).encode()
            for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
                check(client, f"/webhooks/{source}", data=body, content_type=kind)
        for _ in range(3):
            text = hostile(next(turn), size)
            event = {"event": "bounce", "RecordType": text, "reason": text, "email": text, "id": text, "smtp-id": text}
            event |= {"delivery-status": {"message": text}, "recipient": text, "Details": text}  # type: ignore[dict-item]
            headers, body = SIGNED[source]([event] if source == "sendgrid" else event)  # type: ignore[operator]
            check(client, f"/webhooks/{source}", data=body, headers=dict(headers), content_type="application/json")


def test_a_large_batch_of_genuine_events_is_kept(client: FlaskClient, engine: Engine) -> None:
    """A form's limit once refused it before the webhook's own was set: the bounces were lost."""
    events = [{"event": "bounce", "sg_event_id": f"e{number}", "reason": "550 " + "x" * 900} for number in range(300)]
    headers, body = posts.sendgrid(events)
    assert len(body) > MAX_FORM_BYTES
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        answer = client.post("/webhooks/sendgrid", data=body, headers=dict(headers), content_type=kind)
        assert answer.status_code == 204
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(receipt)).scalar_one() == len(json.loads(body))


def test_what_leads_nowhere_leaves_nothing_in_memory(app: Flask, client: FlaskClient) -> None:
    cache = app.extensions["dearrep"].pages
    client.get("/c/co-ops")
    for number in range(50):
        assert client.get(f"/c/nobody-{number}").status_code == 404
    client.get("/c/" + "x" * 5_000)
    assert {key[0] for key in (*cache._making, *cache._pages)} == {"co-ops"}
