"""A supporter who does not give up: presses again when the line was cut, and remembers what the browser showed."""

import re
import time
from collections import defaultdict
from dataclasses import dataclass, field

import requests

_TYPED = {"first_name": "Jamie", "last_name": "Rivera", "city": "Worcester", "zip": "01603"}
_FIELDS = re.compile(r'name="(csrf_token|edition)" value="([^"]+)"')
# What the letter of `tests.factories.CAMPAIGN` asks for, in whatever text is published.
_ASKED = re.compile(r"Please vote for the co-op bill[^.]*\.")
_SECONDS = 5.0
_PRESSES = 8
_PAUSE_SECONDS = 0.3


@dataclass
class Client:
    """`told` are the tokens of submissions whose Send ended on the status page.

    `read` has what their letters asked for on each page on which Send was pressed.
    """

    url: str
    told: list[str] = field(default_factory=list)
    read: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    failures: int = 0

    def write(self, email: str, *, presses: int = 1) -> None:
        """From the address to Send, pressed `presses` times."""
        browser = requests.Session()
        path = self._begin(browser, email)
        if path is None:
            return
        token = path.rsplit("/", 1)[1]
        if [self._send(browser, path) for _ in range(presses)].count(True):
            self.told.append(token)

    def _begin(self, browser: requests.Session, email: str) -> str | None:
        data = _TYPED | {"email": email, "street": "12 Maple Street"}
        for _ in range(_PRESSES):
            answer = self._ask(browser, "POST", "/c/co-ops", data)
            if answer is not None and answer.status_code == requests.codes.see_other:
                return answer.headers["Location"]
        return None

    def _send(self, browser: requests.Session, path: str) -> bool:
        for _ in range(_PRESSES):
            page = self._ask(browser, "GET", path)
            if page is None:
                continue
            if page.status_code == requests.codes.see_other:
                # Already sent: the press whose answer was lost had arrived.
                return page.headers["Location"].startswith("/mine/")
            fields = dict(_FIELDS.findall(page.text))
            if not fields:
                continue
            self.read[path.rsplit("/", 1)[1]].update(_ASKED.findall(page.text))
            answer = self._ask(browser, "POST", path, {**fields, "action": "send", "own_words": ""})
            if answer is not None and answer.status_code == requests.codes.see_other:
                return True
        return False

    def _ask(
        self, browser: requests.Session, method: str, path: str, data: dict[str, str] | None = None
    ) -> requests.Response | None:
        try:
            return browser.request(method, f"{self.url}{path}", data=data, timeout=_SECONDS, allow_redirects=False)
        except requests.RequestException:
            self.failures += 1
            time.sleep(_PAUSE_SECONDS)
            return None
