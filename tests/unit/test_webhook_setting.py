"""A wrong DEARREP_WEBHOOKS stops every process at its start, with the part that is wrong, and never shows a secret."""

import base64

import pytest

from shared.errors import SettingsError
from shared.settings import from_env, read_webhooks

ENV = {
    "DATABASE_URL": "postgresql://db.example/dearrep",
    "REDIS_URL": "redis://broker.example",
    "DEARREP_SECRET_KEY": "0123456789abcdef" * 4,
}
TOPIC = "arn:aws:sns:us-east-1:123456789012:bounces"
KEY = base64.b64encode(b"+" * 91).decode()


def test_each_service_is_read_with_its_proof() -> None:
    text = f" SES = {TOPIC}, sendgrid={KEY},, mailgun=key=1 ,postmark=relay:pass:word= "
    read = read_webhooks(text)
    assert read == {"ses": TOPIC, "sendgrid": KEY, "mailgun": "key=1", "postmark": "relay:pass:word="}
    assert from_env({**ENV, "DEARREP_WEBHOOKS": text}).webhooks == text.strip()
    assert read_webhooks("") == {}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("sparkpost=SECRET", "part 1 is none that we know"),
        ("postmark=relay:pass,SECRET", "part 2 is none that we know"),
        (f"ses={TOPIC},mailgun=", "part 2 (mailgun) needs its SIGNING-KEY"),
        ("ses", "part 1 (ses) needs its TOPIC-ARN"),
        ("ses=arn:aws:sns:us-east-1:SECRET:bounces", "part 1 (ses) needs its TOPIC-ARN"),
        ("ses=arn:aws:sns:evil.example/:123456789012:x", "part 1 (ses) needs its TOPIC-ARN"),
        (f"sendgrid=SECRET{KEY}", "part 1 (sendgrid) needs its PUBLIC-KEY"),
        (f"sendgrid={KEY[:-1]}", "part 1 (sendgrid) needs its PUBLIC-KEY"),
        ("postmark=SECRET", "part 1 (postmark) needs its USER:PASSWORD"),
        ("postmark=:SECRET", "part 1 (postmark) needs its USER:PASSWORD"),
        ("mailgun=SECRET,mailgun=SECRET2", "part 2 names mailgun a second time"),
    ],
)
def test_the_wrong_part_is_named_and_no_secret(text: str, part: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_env({**ENV, "DEARREP_WEBHOOKS": text})
    words = str(caught.value)
    assert words.startswith(f"DEARREP_WEBHOOKS: {part}")
    assert "ses=TOPIC-ARN, sendgrid=PUBLIC-KEY, mailgun=SIGNING-KEY, postmark=USER:PASSWORD" in words
    assert "SECRET" not in words
