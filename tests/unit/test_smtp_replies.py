import pytest

from shared.domain.causes import Cause
from shared.providers.smtp import Verdict, classify

DEFERRED, REJECTED, UNSENT = Verdict.DEFERRED, Verdict.REJECTED, Verdict.UNSENT


@pytest.mark.parametrize(
    ("code", "reply", "verdict", "cause"),
    [
        (550, b"5.1.1 nobody", REJECTED, Cause.NO_SUCH_ADDRESS),
        (550, b"5.1.10\nRecipient not found", REJECTED, Cause.NO_SUCH_ADDRESS),
        (550, b"5.7.1 refused\n5.1.1 nobody", REJECTED, Cause.REFUSED),
        (452, b"4.2.2 full", DEFERRED, Cause.MAILBOX_FULL),
        (552, b"5.3.4 too large", REJECTED, Cause.TOO_LARGE),
        (552, b"too much", REJECTED, Cause.TOO_LARGE),
        (552, b"mailbox full", DEFERRED, Cause.MAILBOX_FULL),
        (550, b"sorry, no such user", REJECTED, Cause.NO_SUCH_ADDRESS),
        (550, b"5.4.1 Recipient address rejected: Access denied.", REJECTED, Cause.NO_SUCH_ADDRESS),
        (450, b"no such user, perhaps", DEFERRED, Cause.TEMPORARY),
        (550, b"5.7.26 no SPF", UNSENT, Cause.OUR_DNS),
        # Full mailboxes become empty again, whatever the class says.
        (552, b"5.2.2 full", DEFERRED, Cause.MAILBOX_FULL),
        (550, b"5.2.2 full", DEFERRED, Cause.MAILBOX_FULL),
        # Further on in a reply it is somebody's words.
        (550, b"see rule 4.2.2 of our policy", REJECTED, Cause.REFUSED),
        (550, b"see rule 5.2.2 of our policy", REJECTED, Cause.REFUSED),
        (550, b"<a@b.example> 5.7.26 is what we call it", REJECTED, Cause.REFUSED),
        (550, b"5.1.1.7 is our address", REJECTED, Cause.REFUSED),
        (550, b"5.1.1. nobody", REJECTED, Cause.NO_SUCH_ADDRESS),
        # The basic code wins.
        (450, b"5.1.1 nobody, perhaps", DEFERRED, Cause.TEMPORARY),
        # What a server says of our DNS is no better for being said for now.
        (451, b"5.7.26 no SPF today", UNSENT, Cause.OUR_DNS),
        (550, b"4.2.2 full", REJECTED, Cause.REFUSED),
    ],
)
def test_only_a_status_code_in_its_place_and_of_its_class_counts(
    code: int, reply: bytes, verdict: Verdict, cause: Cause
) -> None:
    outcome = classify(code, reply)
    assert (outcome.verdict, outcome.cause) == (verdict, cause)
    assert outcome.reply.startswith(str(code))
