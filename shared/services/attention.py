"""What needs attention in a campaign, grouped by what one mends: cheap enough to be asked for every few seconds."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Engine

from shared.db import attention as rows
from shared.db import office_addresses, targets
from shared.db.attention import AttentionLine
from shared.db.signs_of_life import SilentDomain, silent_of_campaign
from shared.domain.attention import Attention, Group, Move, Way, noun
from shared.domain.campaigns import StoredCampaign
from shared.domain.letter_filter import LetterFilter
from shared.domain.letter_words import office_label
from shared.domain.places import LookupStatus, Office
from shared.domain.problem_words import Trouble, group_of
from shared.domain.problems import SCOPES, Problem, Scope, problem_of
from shared.domain.signs_of_life import WHAT_HELPS, WHAT_IT_MAY_MEAN
from shared.domain.states import LetterState
from shared.domain.us_states import state_of
from shared.domain.waiting_domains import waiting_groups
from shared.services.outbox import open_transports
from shared.settings import Settings

_MOST_DOMAINS = 10
# A mail server says why.
_REFUSALS = (Problem.REFUSED, Problem.CONTENT, Problem.TOO_LARGE, Problem.GAVE_UP)
Say = Callable[[datetime], str]
_ASKED_WORDS = {
    LookupStatus.NO_MATCH: "not found",
    LookupStatus.INCOMPLETE: "not complete",
    LookupStatus.DOUBTFUL: "near a district line or with several matches",
}


def read_attention(engine: Engine, settings: Settings, stored: StoredCampaign, say: Say) -> Attention:
    """All groups of one campaign, as they are now; `say` writes a time."""
    usable = open_transports(settings)
    with engine.connect() as connection:
        lines = rows.count_lines(connection, stored.id)
        troubles = [_with_hosts(connection, stored.id, one, say) for one in _troubles(connection, stored.id, lines)]
        domains = rows.waiting_domains(connection, stored.id, usable, _MOST_DOMAINS)
        asked = rows.count_asked(connection, stored.id)
        silent = silent_of_campaign(connection, stored.id)
    groups = [group_of(trouble) for trouble in troubles]
    groups += _people(asked, stored)
    groups += waiting_groups(domains, usable, say)
    groups += map(_silent, silent)
    groups.sort(key=lambda group: (group.is_watched, -group.count, group.key))
    return Attention(tuple(groups), is_cut=_is_cut(lines))


def worst_of(engine: Engine, campaign_id: int) -> str:
    """The title of the group with most letters, for a campaign at a glance; empty when there is none."""
    with engine.connect() as connection:
        lines = rows.count_lines(connection, campaign_id, most=rows.MOST_OF_A_STATE)
        groups = [group_of(trouble) for trouble in _troubles(connection, campaign_id, lines)]
    return max(groups, key=lambda group: group.count).title if groups else ""


def _is_cut(lines: Iterable[AttentionLine]) -> bool:
    counts: dict[LetterState, int] = {}
    for line in lines:
        counts[line.state] = counts.get(line.state, 0) + line.letters
    return any(count >= rows.MOST_OF_A_STATE for count in counts.values())


def _troubles(connection: Connection, campaign_id: int, lines: Sequence[AttentionLine]) -> list[Trouble]:
    """Lines put together by problem and by what one mends."""
    gathered: dict[tuple[Problem, int, str], list[AttentionLine]] = {}
    for line in lines:
        if problem := problem_of(line.state, line.cause):
            scope = SCOPES[problem]
            office = line.office_id if scope is Scope.OFFICE else 0
            domain = line.receiving_domain if scope is Scope.DOMAIN else ""
            gathered.setdefault((problem, office, domain), []).append(line)
    offices = targets.offices_today(connection, sorted({line.office_id for line in lines})) if lines else {}
    holders = [office.holder_id for office in offices.values() if office.holder_id is not None]
    seconds = {number for number, (_, second) in _addresses(connection, holders).items() if second}
    said = {}
    for refusal in _REFUSALS:
        domains = [domain for problem, _, domain in gathered if problem is refusal]
        found = rows.refusal_words(connection, campaign_id, refusal, domains)
        said.update({(refusal, domain): words for domain, words in found.items()})
    return [
        _trouble(problem, office, domain, own, offices, seconds, said)
        for (problem, office, domain), own in gathered.items()
    ]


def _with_hosts(connection: Connection, campaign_id: int, trouble: Trouble, say: Say) -> Trouble:
    """A trouble of lost workers says on which hosts they were."""
    hosts = rows.lost_hosts(connection, campaign_id) if trouble.problem is Problem.LOST_WORKER else []
    if not hosts:
        return trouble
    names, last = [host for host, _ in hosts], say(hosts[-1][1])
    if len(names) == 1:
        return replace(trouble, lost=f"A worker on host {names[0]} stopped answering at {last}")
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    return replace(trouble, lost=f"Workers on hosts {listed} stopped answering, the last at {last}")


def _addresses(connection: Connection, holders: Sequence[int]) -> dict[int, tuple[str, str]]:
    return office_addresses.working_addresses(connection, holders) if holders else {}


def _trouble(
    problem: Problem,
    office_id: int,
    domain: str,
    lines: Sequence[AttentionLine],
    offices: dict[int, Office],
    seconds: set[int],
    said: dict[tuple[Problem, str], str],
) -> Trouble:
    office = offices.get(office_id)
    concerned = [offices[line.office_id] for line in lines if line.office_id in offices]
    return Trouble(
        problem,
        sum(line.letters for line in lines),
        office_id=office_id,
        office=office_label(office.title, office.holder, office.district) if office else "",
        domain=domain,
        address=office.email if office else "",
        has_second=bool(concerned) and all(one.holder_id in seconds for one in concerned),
        can_send=any(one.email for one in concerned),
        is_vacant=bool(concerned) and all(one.holder_id is None for one in concerned),
        said=said.get((problem, domain), ""),
    )


def _silent(one: SilentDomain) -> Group:
    title = f"{one.receiving_domain} hardly replies anymore"
    figures = f"Of all campaigns together, replies or delivery reports came for {one.collapse.words}."
    wanted = LetterFilter(domain=one.receiving_domain)
    moves = (Move("See delivery", Way.DELIVERY),)
    key = f"silent-{one.receiving_domain}"
    text = f"{WHAT_IT_MAY_MEAN} {figures} {WHAT_HELPS}"
    return Group(key, title, text, one.collapse.recent.letters, moves, wanted, is_watched=True)


def _people(asked: dict[LookupStatus, int], stored: StoredCampaign) -> Iterator[Group]:
    total = sum(asked.values())
    if not total:
        return
    words = {**_ASKED_WORDS, LookupStatus.OUTSIDE: f"outside {state_of(stored.campaign.jurisdiction).name}"}
    parts = [f"{people:,} {words.get(status, 'unclear')}" for status, people in asked.items()]
    title = f"{noun(total, 'person', 'people')} could not be matched to a district"
    text = f"Their addresses: {', '.join(parts)}. Their letters are written when that is settled."
    moves = (Move("Email them a link", Way.PEOPLE), Move("See the addresses", Way.PEOPLE))
    resolve = Move("Mark as dealt with", Way.PEOPLE)
    yield Group("people", title, text, total, moves, icon="pin", is_of_people=True, resolve=resolve)
