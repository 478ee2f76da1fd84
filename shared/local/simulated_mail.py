"""What the local mailbox does with mail of the simulated action day: plays its mail servers, counts it, keeps none."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from email.utils import format_datetime, make_msgid

from shared.clock import now
from shared.domain.simulations import LATE_AFTER_S, SimulatedAnswer, answer_to

# Senders are different for each letter, so that this many letters may wait to come back.
_REMEMBERED = 200_000
_BOUNCE = """From: Mail Delivery System <mailer-daemon@simulation.example>\r
To: {sender}\r
Subject: Undelivered Mail Returned to Sender\r
Date: {date}\r
Message-ID: {message_id}\r
Auto-Submitted: auto-replied\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="cut"\r
\r
--cut\r
Content-Type: text/plain; charset=us-ascii\r
\r
The mailbox was closed.\r
\r
--cut\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; simulation.example\r
\r
Final-Recipient: rfc822; {recipient}\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 The mailbox was closed\r
\r
--cut--\r
"""

# Takes envelope sender, recipient and bytes of a mail that came back.
TakeBack = Callable[[str, str, bytes], object]


class SimulatedServers:
    """Remembers who was told to come back later, and brings back what bounces late."""

    def __init__(self, take_back: TakeBack) -> None:
        self._take_back = take_back
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._returning: set[asyncio.Task[None]] = set()

    def meet(self, sender: str, recipient: str) -> SimulatedAnswer:
        """The answer to a recipient; the second time that a letter comes is not its first."""
        pair = (sender, recipient)
        is_first = pair not in self._seen
        found = answer_to(recipient, is_first_try=is_first)
        if found.refusal and is_first:
            self._seen[pair] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return found

    async def take(self, sender: str, recipient: str) -> str:
        """The answer to a message, given after as long as its server takes."""
        found = answer_to(recipient, is_first_try=False)
        if found.seconds:
            await asyncio.sleep(found.seconds)
        if found.bounces_late and sender:
            task = asyncio.create_task(self._return(sender, recipient))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)
        return found.reply

    async def _return(self, sender: str, recipient: str) -> None:
        await asyncio.sleep(LATE_AFTER_S)
        values = {"date": format_datetime(now()), "message_id": make_msgid(domain="simulation.example")}
        raw = _BOUNCE.format(sender=sender, recipient=recipient, **values).encode("ascii")
        await asyncio.to_thread(self._take_back, "", sender, raw)
