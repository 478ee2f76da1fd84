"""What every view needs, hung on the app once: settings, database engine, ring, and what this process remembers."""

from dataclasses import dataclass

from flask import current_app
from sqlalchemy import Engine

from shared.fences import TrustedProxies
from shared.queue.recent_visitors import RecentVisitors
from shared.queue.ring import Ring
from shared.services.relay import RelayWatch
from shared.settings import Settings
from web.page_cache import PageCache
from web.tries import Tries

EXTENSION = "dearrep"


@dataclass(frozen=True)
class Here:
    """The app's own parts; `given` is what the environment says, without a relay that was entered in the console."""

    given: Settings
    engine: Engine
    ring: Ring
    pages: PageCache
    tries: Tries
    relay: RelayWatch
    proxies: TrustedProxies
    visitors: RecentVisitors

    @property
    def settings(self) -> Settings:
        """All settings, with the relay that is used now."""
        return self.relay.over(self.given)


def here() -> Here:
    """The parts of the app that serves this request."""
    parts = current_app.extensions[EXTENSION]
    assert isinstance(parts, Here)  # noqa: S101 - set by create_app, tells the type
    return parts
