"""Requests as browsers send them: drafts made by SQL with their signed cookies, and whole visits."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import text

from shared.db import campaigns
from shared.domain.places import HomeAddress
from tests.bench.load import Answer, Script
from tests.bench.stage import Stage

OWN_WORDS = "I buy my bread from a bakery that its own bakers own, and I would like there to be more of them."
_LOCATION = re.compile(rb"^location: (?:http://[^/]+)?(\S+)", re.IGNORECASE | re.MULTILINE)
_COOKIE = re.compile(rb"^set-cookie: ([^;\r]+)", re.IGNORECASE | re.MULTILINE)
_FIELDS = re.compile(rb'name="(csrf_token|edition)" value="([^"]+)"')
_BOXES = re.compile(rb'name="to" value="(\d+)"')
_DRAFTS = text(
    "WITH made AS (INSERT INTO submission (token, campaign_id, edition_id, state, first_name, last_name, email,"
    " email_hash, street, city, zip, us_state, lookup_status, match_type, match_source, precision_m, edge_m, lat, lon)"
    " SELECT md5(:key || n), :campaign, :edition, 'ready', 'Jamie', 'Rivera', :key || n || '@example.org',"
    " md5(:key || n || '@'),"
    " n || ' Maple St', 'Town 1', '01001', 'MA', 'matched', 'point', 'bench', 5, 900, 42, -72"
    " FROM generate_series(1, :count) n RETURNING id, token),"
    " seat AS (SELECT array_agg(id) FILTER (WHERE chamber = 'lower') AS lower,"
    " array_agg(id) FILTER (WHERE chamber = 'upper') AS upper FROM office),"
    " chosen AS (INSERT INTO submission_target (submission_id, office_id) SELECT made.id, office FROM made, seat,"
    " unnest(ARRAY[lower[1 + made.id % cardinality(lower)], upper[1 + made.id % cardinality(upper)]]) office"
    " RETURNING submission_id, office_id)"
    " SELECT token, array_agg(office_id) AS offices FROM made JOIN chosen ON submission_id = made.id GROUP BY token"
)


@dataclass(frozen=True)
class Draft:
    """A submission whose offices are known, as its own browser sees it."""

    token: str
    offices: tuple[int, ...]


@dataclass
class Browsers:
    """Makes requests for one installation."""

    stage: Stage
    _series: int = 0
    _sessions: URLSafeTimedSerializer = field(init=False)
    _tokens: URLSafeTimedSerializer = field(init=False)

    def __post_init__(self) -> None:
        app = Flask("bench")
        app.secret_key = self.stage.settings.secret_key
        sessions = SecureCookieSessionInterface().get_signing_serializer(app)
        assert sessions is not None
        self._sessions = sessions
        with self.stage.engine.connect() as connection:
            self._edition = campaigns.read_campaign(connection, self.stage.campaign_id).edition_id
        self._tokens = URLSafeTimedSerializer(self.stage.settings.secret_key, salt="wtf-csrf-token")

    def page(self) -> bytes:
        """The campaign page."""
        return get(f"/c/{self.stage.slug}")

    def drafts(self, count: int) -> list[Draft]:
        """New drafts that only wait for Send."""
        self._series += 1
        values = {"key": f"draft-{self._series}-", "campaign": self.stage.campaign_id, "count": count}
        values["edition"] = self._edition
        with self.stage.engine.begin() as connection:
            rows = connection.execute(_DRAFTS, values).all()
        self.stage.execute("ANALYZE submission, submission_target")
        return [Draft(row.token, tuple(row.offices)) for row in rows]

    def send(self, draft: Draft) -> bytes:
        """Send is pressed: a signed cookie, a token for the form, own words, both boxes ticked."""
        raw = f"{hash(draft.token) & 0xFFFFFFFF:040x}"
        cookie = self._sessions.dumps({"owned": [draft.token], "_permanent": True, "csrf_token": raw})
        typed = [("csrf_token", str(self._tokens.dumps(raw))), *(("to", str(one)) for one in draft.offices)]
        # Without known offices the page has no boxes yet, and all are meant.
        typed += [("boxes", "1")] if draft.offices else []
        typed += [("edition", str(self._edition)), ("own_words", OWN_WORDS), ("action", "send")]
        path = f"/c/{self.stage.slug}/letter/{draft.token}"
        return post(path, typed, str(cookie))

    def address(self, number: int, home: HomeAddress) -> bytes:
        """Step 1 is sent."""
        typed = [("first_name", "Jamie"), ("last_name", "Rivera"), ("email", f"visitor-{number}@example.org")]
        typed += [("street", home.street), ("unit", ""), ("city", home.city), ("zip", home.zip), ("website", "")]
        return post(f"/c/{self.stage.slug}", typed)

    def write(self, number: int, home: HomeAddress) -> Script:
        """The shortest way to two letters: the address, then Send, all boxes left as they are."""
        answer = _expect((yield self.address(number, home)), 303)
        answer = yield self.send(Draft(location(answer).rsplit("/", 1)[1], ()))
        _expect(answer, 303)

    def visit(self, number: int, home: HomeAddress) -> Script:
        """A whole visit, with pauses as the page's own script makes them."""
        yield self.page()
        answer = _expect((yield self.address(number, home)), 303)
        path, cookie = location(answer), jar(answer)
        page = _expect((yield get(path, cookie)), 200)
        cookie = jar(page) or cookie
        fields = [(name.decode(), value.decode()) for name, value in _FIELDS.findall(unpack(page))]
        assert fields, page.head
        yield 0.08
        yield get(f"{path}?part=1", cookie)
        yield 0.4
        while (poll := (yield get(f"{path}?part=1", cookie))) and poll.status == 204:
            yield 0.4
        poll = _expect(poll, 200)
        typed = [*fields, ("boxes", "1"), ("own_words", OWN_WORDS), ("action", "send")]
        typed += [("to", box.decode()) for box in _BOXES.findall(unpack(poll))]
        answer = _expect((yield post(path, typed, cookie)), 303)
        status = yield get(location(answer), cookie)
        _expect(status, 200)


def get(path: str, cookie: str = "") -> bytes:
    """A page is asked for."""
    return _request("GET", path, cookie)


def post(path: str, typed: list[tuple[str, str]], cookie: str = "") -> bytes:
    """A form is sent."""
    return _request("POST", path, cookie, urlencode(typed))


def sends(browsers: Browsers, drafts: list[Draft]) -> Iterator[bytes]:
    """Send for each of them, made ahead so that it costs nothing later."""
    return iter([browsers.send(draft) for draft in drafts])


def location(answer: Answer) -> str:
    """Where a redirect leads."""
    found = _LOCATION.search(answer.head)
    assert found, answer.head
    return found[1].decode()


def jar(answer: Answer) -> str:
    """The cookie that an answer sets, empty without."""
    found = _COOKIE.search(answer.head)
    return found[1].decode().partition("=")[2] if found else ""


def unpack(answer: Answer) -> bytes:
    """The body as the page's script sees it."""
    return gzip.decompress(answer.body) if b"gzip" in answer.head.lower() else answer.body


def _expect(answer: Answer | None, status: int) -> Answer:
    assert answer is not None
    assert answer.status == status, answer
    return answer


def _request(method: str, path: str, cookie: str, body: str = "") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: text/html", "Accept-Encoding: gzip, br"]
    lines += [f"Cookie: dearrep={cookie}"] if cookie else []
    if method == "POST":
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
