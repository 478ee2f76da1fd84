"""A browser, and the whole site on real servers with a worker that can be held back."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import request
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)
from sqlalchemy import Engine
from werkzeug.serving import make_server

from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.delivery import deliver_letters, send_mail
from shared.services.exports import make_exports
from shared.services.figures import current_figures
from shared.services.mailbox import store_message
from shared.services.make_letters import make_due_letters
from shared.services.organizers import issue_one_time_password
from shared.services.prepare import prepare_submissions
from shared.services.rehearsal import run_rehearsals
from shared.settings import Settings
from tests.browser.visits import Visit
from tests.factories import CAMPAIGN, make_campaign
from tests.smtp_server import ScriptedSmtpServer
from web.app import PAGE_KEPT_SECONDS, create_app
from web.context import EXTENSION
from web.page_cache import PageCache

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ORGANIZER = "organizer@example.org"
_SOON_SECONDS = 0.05
_IDLE_SECONDS = 0.5
_PASSES_AFTER = 8
# For busy machines; what is there is found at once.
expect.set_options(timeout=15_000)
_HEAD = """
consents = ["Neighbors United", "Shops of the Valley"]
lead = "Ask for local shops."
goal = 100
privacy = "We protect your privacy."
sponsors = ["Shops of the Valley"]
form_prompt = "Enter a full address."
"""
_PAGE = """Write to the State House.

## Why

1. Jobs stay.
2. Rents stay.

- Act now
"""
RICH = CAMPAIGN.replace('consents = ["Neighbors United"]', _HEAD).replace("Write to the State House.", _PAGE)


class Site:
    """The running site: its address, its queues, and the mail server behind it."""

    def __init__(self, engine: Engine, settings: Settings, ring: Ring, mail: ScriptedSmtpServer) -> None:
        self.engine, self.ring, self.mail = engine, ring, mail
        self.settings = replace(settings, mailbox_url=mail.url)
        self._held = False
        self._passing = threading.Lock()
        self._ended = threading.Event()
        self._asked = threading.Event()
        self._app = create_app(self.settings, engine, ring)
        self._app.teardown_request(self._note)
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._threads = [threading.Thread(target=self._server.serve_forever), threading.Thread(target=self._work)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._asked.set()
        self._server.shutdown()
        for thread in self._threads:
            thread.join(30)
        self._server.server_close()

    def hold(self) -> None:
        """The worker takes nothing any more; what it has begun is done when this returns."""
        with self._passing:
            self._held = True

    def release(self) -> None:
        """The worker goes on."""
        with self._passing:
            self._held = False
        self._asked.set()

    def sign_in(self, context: BrowserContext) -> None:
        page = context.new_page()
        page.goto(f"{self.url}/admin/sign-in")
        page.fill("#email", ORGANIZER)
        page.fill("#password", issue_one_time_password(self.engine, ORGANIZER))
        page.click("form button")
        page.wait_for_url("**/admin/")
        page.close()

    def forget_pages(self) -> None:
        """Campaign pages are read anew, as after their seconds in the process's memory."""
        here = self._app.extensions[EXTENSION]
        self._app.extensions[EXTENSION] = replace(here, pages=PageCache(PAGE_KEPT_SECONDS))

    def keep_mail(self) -> None:
        """Puts what the mail server took into the local mailbox, as its own listener would."""
        for sender, recipient, raw in self.mail.accepted:
            store_message(self.engine, sender=sender, recipient=recipient, raw=raw)

    def _note(self, _error: BaseException | None) -> None:
        """Any press may have left work."""
        if request.method == "POST":
            self._asked.set()

    def _work(self) -> None:
        """Passes soon after a press, and now and then for what a test changes by itself."""
        passes = 0
        while not self._ended.is_set():
            if self._asked.wait(_SOON_SECONDS if passes else _IDLE_SECONDS):
                self._asked.clear()
                passes = _PASSES_AFTER
            passes = max(0, passes - 1)
            with self._passing:
                if not self._held:
                    self._pass()
            # As the sweepers do: a page leaves slow counts, such as a busy machine's, to them.
            current_figures(self.engine, self.settings)

    def _pass(self) -> None:
        prepare_submissions(self.engine, self.ring, self.settings)
        make_due_letters(self.engine, self.ring, self.settings)
        deliver_letters(self.engine, self.ring, self.settings, first_tries=True)
        send_mail(self.engine, self.ring, self.settings)
        run_rehearsals(self.engine, self.ring, self.settings)
        make_exports(self.engine, self.ring, self.settings)


class Faults:
    """What a browser complains about, and requests that leave the site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.found: list[str] = []

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # The browser reports answers such as 422 and 404, which are meant, the same way as faults.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.found.append(message.text)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.site.url, "data:")):
            self.found.append(f"asked {request.url}")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("THERE IS NO CHROMIUM: install the package 'chromium' to run the browser tests")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(autouse=True)
def pages_are_closed(browser: Browser) -> Iterator[None]:
    """Pages that poll would go on asking."""
    yield
    for context in browser.contexts:
        context.close()


@pytest.fixture
def site(engine: Engine, settings: Settings) -> Iterator[Site]:
    """The site with one published campaign and practice offices."""
    make_campaign(engine, RICH)
    ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
    with ScriptedSmtpServer() as mail:
        running = Site(engine, settings, ring, mail)
        running.start()
        yield running
        running.stop()


@pytest.fixture
def faults(site: Site) -> Iterator[Faults]:
    """Fails the test when a page broke its own content policy, threw, or asked another host."""
    watched = Faults(site)
    yield watched
    assert watched.found == []


def open_console(browser: Browser, faults: Faults, size: ViewportSize, *, script: bool = True) -> Page:
    """A page of an organizer who has signed in."""
    context = browser.new_context(viewport=size, reduced_motion="reduce", java_script_enabled=script)
    context.set_default_timeout(15_000)
    faults.site.sign_in(context)
    page = context.new_page()
    faults.watch(page)
    return page


@pytest.fixture
def visit(site: Site, browser: Browser, faults: Faults, size: ViewportSize) -> Visit:
    """A supporter who just opened the browser; the test gives its `size`."""
    context = browser.new_context(viewport=size, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    page = context.new_page()
    faults.watch(page)
    return Visit(site, page, size)
