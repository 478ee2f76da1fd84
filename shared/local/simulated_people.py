"""The crowd of a simulated action day: each supporter visits the pages as a browser does, when their moment comes."""

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import requests
from sqlalchemy import Engine

from shared.domain.places import HomeAddress
from shared.domain.simulations import SLUG, SUPPORTERS, arrival_s
from shared.domain.supporter_input import SupporterDetails
from shared.errors import DearRepError
from shared.queue.ring import Ring
from shared.services.accept import accept_submission
from shared.services.submissions import begin_submission
from shared.settings import Settings

_FIELDS = re.compile(r'name="(csrf_token|edition)" value="([^"]+)"')
_WITHIN_S = 30.0
_TRIES = 3
_WORDS = "I took part in the simulated action day."
_HANDS = 24

# Lets one supporter, by number and home, write and send; raises when they could not.
Write = Callable[[int, HomeAddress], None]


class Unheard(DearRepError):
    """A page did not answer as it should; the text names the step and the status."""


@dataclass
class Crowd:
    """How far it is. `told` saw that their letters were accepted; `late_s` is how late the newest came."""

    total: int
    began: int = 0
    told: int = 0
    failed: int = 0
    late_s: float = 0.0
    last_failure: str = ""
    seconds: list[float] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def next_number(self) -> int | None:
        """The next supporter, counted from 0; None when all have begun."""
        with self._lock:
            if self.began >= self.total or self.stopping.is_set():
                return None
            self.began += 1
            return self.began - 1

    def note(self, seconds: float, failure: str = "") -> None:
        """One supporter is done."""
        with self._lock:
            if failure:
                self.failed, self.last_failure = self.failed + 1, failure
            else:
                self.told += 1
                self.seconds.append(seconds)


def send_crowd(crowd: Crowd, homes: Sequence[HomeAddress], within_s: float, make_write: Callable[[], Write]) -> None:
    """All of them, spread over `within_s` seconds; returns when the last is done, or soon after `crowd.stopping`."""
    began = time.monotonic()

    def work() -> None:
        write = make_write()
        while (number := crowd.next_number()) is not None:
            wait = began + arrival_s(number, crowd.total, within_s) - time.monotonic()
            if wait > 0 and crowd.stopping.wait(wait):
                return
            crowd.late_s = max(0.0, -wait)
            at = time.monotonic()
            try:
                write(number, homes[number % len(homes)])
                crowd.note(time.monotonic() - at)
            except (Unheard, DearRepError, requests.RequestException) as error:
                crowd.note(0.0, str(error) if isinstance(error, DearRepError) else type(error).__name__)

    hands = [threading.Thread(target=work, name=f"supporter {n}", daemon=True) for n in range(_HANDS)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()


def write_over_http(url: str, preview: str = "") -> Write:
    """Through the pages: the address, the letter page, Send. `preview` is the path that opens the campaign."""
    browser = requests.Session()
    browser.trust_env = False
    opened: list[requests.cookies.RequestsCookieJar] = []

    def write(number: int, home: HomeAddress) -> None:
        if preview and not opened:
            opened.append(browser.get(f"{url}{preview}", timeout=_WITHIN_S, allow_redirects=False).cookies)
        # Each supporter has a browser of their own, which has only opened the preview link.
        browser.cookies = opened[0].copy() if opened else requests.cookies.RequestsCookieJar()
        typed = {"first_name": "Sim", "last_name": f"Supporter {number}", "email": _email(number)}
        typed |= {"street": home.street, "city": home.city, "zip": home.zip, "website": ""}
        path = _ask(browser, "POST", f"{url}/c/{SLUG}", requests.codes.see_other, typed).headers["Location"]
        page = f"{url}{path}" if path.startswith("/") else path
        fields = dict(_FIELDS.findall(_ask(browser, "GET", page, requests.codes.ok).text))
        if not fields:
            raise Unheard("the letter page has no form")
        send = {**fields, "action": "send", "own_words": _WORDS}
        _ask(browser, "POST", page, requests.codes.see_other, send)

    return write


def write_directly(engine: Engine, ring: Ring, settings: Settings) -> Write:
    """Through the services, without pages."""

    def write(number: int, home: HomeAddress) -> None:
        details = SupporterDetails("Sim", f"Supporter {number}", _email(number), home)
        token = begin_submission(engine, ring, settings, SLUG, details)
        accept_submission(engine, ring, settings, token, own_words=_WORDS)

    return write


def _email(number: int) -> str:
    return f"supporter-{number}@{SUPPORTERS}"


def _ask(
    browser: requests.Session, method: str, url: str, wanted: int, data: dict[str, str] | None = None
) -> requests.Response:
    """Asks again when the line is lost, as people do; a second Send is the same Send."""
    for left in reversed(range(_TRIES)):
        try:
            answer = browser.request(method, url, data=data, timeout=_WITHIN_S, allow_redirects=False)
        except requests.ConnectionError:
            if not left:
                raise
            continue
        if answer.status_code == wanted:
            return answer
        raise Unheard(f"{method} answered {answer.status_code} instead of {wanted}")
    raise Unheard("no answer")
