"""How long the delivery engine waits for what. Tests shorten all of it with one setting."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Timing:
    """All in seconds."""

    # A claim is one worker's for this long, however alive the worker is; then nobody sends the letter again by itself.
    lease: float = 900.0
    # The same for a lookup; longer than outside services may take for a batch. Without any, `dead_after` is enough.
    lookup_lease: float = 120.0
    connect: float = 30.0
    verb: float = 120.0
    # RFC 5321 4.5.3.2.6: giving up earlier makes doubles.
    after_dot: float = 600.0
    # What remains of a lease when a dot is sent must outlast the wait for its answer, and some more.
    margin: float = 60.0
    # A batch holds so much of a server's work and ends after it: all of it is uncertain when its host is lost.
    batch: float = 0.5
    # A task ends after so long and rings again, so that a stopping worker never waits for it.
    task: float = 20.0
    # A task waits so long after its bell for more of the same; somebody looks at a page while a lookup is awaited.
    gather: float = 0.2
    gather_lookups: float = 0.03
    # Nobody waits for a thank-you.
    gather_mail: float = 1.0
    sweep: float = 10.0
    # A worker renews its open connections so often. One without a heartbeat for this long is dead, and what it holds is
    # looked at; until then its letters are its own.
    heartbeat: float = 5.0
    dead_after: float = 30.0
    # A pause reaches workers that are sending within this time.
    watch: float = 1.0
    # The dashboard's numbers and the metrics are at most so old while counting is quick.
    snapshot: float = 3.0
    # A process that hangs within a transaction loses its locks after so long.
    hangs: float = 60.0
    # How long a worker keeps trying to record outcomes while the database is away.
    record: float = 60.0
    # A relay that fails is left alone for this long at first, then twice as long, 24 times as long at most.
    breaker: float = 5.0
    # Multiplies the schedule of retries.
    retry_scale: float = 1.0

    def __str__(self) -> str:
        """What differs from the usual, as `parse_timing` reads it."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ",".join(f"{name}={value:g}" for name, value in values if value != getattr(USUAL, name))

    @property
    def longest_silence(self) -> float:
        """Seconds since its last heartbeat in which a worker may still send a final dot: well before it is dead."""
        return self.dead_after * 2 / 3

    @property
    def last_dot(self) -> float:
        """Seconds after the claim in which a final dot may still be sent."""
        return self.lease - self.after_dot - self.margin


USUAL = Timing()


def parse_timing(text: str) -> Timing:
    """`lease=4,after_dot=2`; raises ValueError naming what is wrong."""
    known = {field.name for field in fields(Timing)}
    values: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition("=")
        if name not in known:
            raise ValueError(f"there is no “{name}”; known: {', '.join(sorted(known))}")
        try:
            values[name] = float(value)
        except ValueError:
            raise ValueError(f"“{value}” is not a number of seconds for {name}") from None
    timing = replace(USUAL, **values)
    if timing.last_dot <= 0:
        raise ValueError("lease must be longer than after_dot and margin together")
    if timing.heartbeat * 3 > timing.dead_after:
        raise ValueError("dead_after must be at least three times heartbeat")
    return timing
