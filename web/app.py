"""The application factory: puts blueprints, headers and error pages together, and nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask, Request
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Engine
from werkzeug.exceptions import BadHost
from werkzeug.routing import MapAdapter

from shared.fences import read_proxies
from shared.paths import TEMPLATES
from shared.queue.recent_visitors import RecentVisitors
from shared.queue.ring import Ring, connect_redis
from shared.services.relay import RelayWatch
from shared.settings import Settings
from web import errors, fragments, hosts, language, limits, presenters, requests_log, rush, security, sharing, theme
from web.admin import bp as admin
from web.context import EXTENSION, Here
from web.health import bp as health
from web.mail_links import bp as mail_links
from web.metrics import bp as metrics
from web.page_cache import PageCache
from web.public import bp as public
from web.sessions import CookieSessions
from web.tries import Tries
from web.webhooks import bp as webhooks

# A supporter may read and edit for an afternoon.
FORM_LIFETIME = timedelta(hours=12)

# A change of the campaign reaches its readers within this time; browsers keep the page for longer.
PAGE_KEPT_SECONDS = 2.0


class App(Flask):
    """Flask without asking of each view whether it is a coroutine: none is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Treats a `Host` header that can't be a host as an empty one, so that error pages have their links."""
        try:
            return super().create_url_adapter(request)
        except BadHost:
            assert request is not None  # noqa: S101 - only a request has a host
            request.environ["HTTP_HOST"] = ""
            return super().create_url_adapter(request)


def create_app(settings: Settings, engine: Engine, ring: Ring) -> Flask:
    """A WSGI app on these parts; makes no connection by itself."""
    app = App(__name__, template_folder=str(TEMPLATES / "pages"))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-dearrep" if settings.secure_cookies else "dearrep",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # A cookie is set when a session changes, never on pages that anybody may keep.
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        WTF_CSRF_TIME_LIMIT=int(FORM_LIFETIME.total_seconds()),
        # Private pages send no Referer, which Flask-WTF would require over TLS. Token and __Host- cookie suffice.
        WTF_CSRF_SSL_STRICT=False,
        # Step 1 carries no session and no token; its view checks the origin instead.
        WTF_CSRF_CHECK_DEFAULT=True,
    )
    app.session_interface = CookieSessions()
    kept, relay = PageCache(PAGE_KEPT_SECONDS), RelayWatch(engine)
    visitors = RecentVisitors(connect_redis(settings.redis_url))
    tries, proxies = Tries(settings, visitors), read_proxies(settings.trusted_proxies)
    app.extensions[EXTENSION] = Here(settings, engine, ring, kept, tries, relay, proxies, visitors)
    limits.install(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    csrf = CSRFProtect(app)
    presenters.install(app)
    sharing.install(app)
    theme.install(app)
    fragments.install(app)
    hosts.install(app, settings.public_url)
    security.install(app, https=settings.secure_cookies)
    errors.install(app)
    requests_log.install(app)
    language.install(app)
    rush.install(app, ring)
    for blueprint in (public, mail_links, webhooks, admin, health, metrics):
        app.register_blueprint(blueprint)
    csrf.exempt("web.public.campaigns.begin")
    csrf.exempt(mail_links)
    csrf.exempt(webhooks)
    return app
