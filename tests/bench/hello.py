"""A bare Flask app, the yardstick for the web tier: `granian tests.bench.hello:app`."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """Nothing but an answer."""
    return "hello"
