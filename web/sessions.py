"""Flask's signed cookies, with the signer made once instead of for every request."""

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class CookieSessions(SecureCookieSessionInterface):
    """For one app, whose secret key never changes."""

    def __init__(self) -> None:
        self._signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The signer of this app's cookies."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer
