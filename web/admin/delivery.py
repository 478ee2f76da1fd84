"""Delivery as a whole: is it set up, the receiving domains, office hours; pausing, resuming, releasing everything."""

import re
from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.clock import now
from shared.db.installation import Switches
from shared.domain.pace_words import break_words, empty_words, new_domain_words, rate_words, said_words, trial_words
from shared.domain.permissions import Permission
from shared.domain.relay_words import (
    breaker_words,
    connection_words,
    probe_words,
    relay_rate_words,
    server_words,
)
from shared.domain.running_words import process_findings
from shared.domain.signs_of_life import SHOWN_DAYS, WHAT_HELPS, WHAT_IT_MAY_MEAN
from shared.domain.states import CampaignState
from shared.errors import NotAllowed
from shared.queue.names import TaskName
from shared.services.dashboard import overview
from shared.services.delivery.domains import list_domains
from shared.services.delivery.mail_servers import read_servers
from shared.services.delivery.restored import HoldReport, accept_database, report_hold
from shared.services.delivery.switches import pause_everything, read_switches
from shared.services.heartbeat import read_running
from shared.services.receipts.sources import list_sources
from shared.services.relay import relay_in_use
from shared.services.sender_domain import read_check
from shared.services.signs_of_life import list_life
from web.admin import bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.supporter import PlainForm
from web.presenters import moment


@dataclass(frozen=True)
class Move:
    """A change to everything at once, in words: asked, and done."""

    words: str
    done: str
    # Said when there is nothing to change.
    idle: str


# Campaigns whose letters leave now, or may soon.
_SENDING = frozenset({CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED})
# Letters that are known to have left before a restore are named one by one, the first ones.
_NAMED = 100
# Connections and rate of the relay before a change, in the address of the page after it.
_LIMITS = re.compile(r"(?P<connections>[0-9]{1,5})-(?P<rate>[0-9]{1,9}|none)", re.ASCII)
_MOVES = {
    "pause": Move("Pause everything", "Everything is paused. New letters are accepted and kept.", "It is paused."),
    "resume": Move("Resume everything", "Resumed. Letters that are due leave within seconds.", "It is not paused."),
    "release": Move("Release letters", "Released. Letters that are due leave within seconds.", "Nothing is held."),
}


@bp.get("/delivery")
@needs(Permission.SEE_INSTALLATION)
def delivery() -> str:
    """Whether anything leaves at all, how, and what waits for which domain; after a change of pace the way back."""
    engine, settings = here().engine, here().settings
    campaigns = overview(engine, settings, organizer())
    running, servers = read_running(engine), read_servers(engine, settings)
    return render_template(
        "admin/delivery.html",
        lines=list_domains(engine, settings),
        life=list_life(engine),
        servers=servers,
        paused=[state for state in servers if state.is_paused],
        in_use=relay_in_use(engine, here().given),
        check=read_check(engine, settings),
        sources=list_sources(engine, settings),
        running=running,
        processes=process_findings(running),
        campaigns=[one for one in campaigns if one.stored.state in _SENDING],
        now=now(),
        changed=request.args.get("changed", ""),
        was=request.args.get("was", ""),
        limits_were=_LIMITS.fullmatch(request.args.get("limits_were", "")),
        rate_words=rate_words,
        empty_words=empty_words,
        break_words=break_words,
        said_words=said_words,
        trial_words=trial_words,
        new_domain_words=new_domain_words,
        silent_words=f"{WHAT_IT_MAY_MEAN} {WHAT_HELPS}",
        shown_days=SHOWN_DAYS,
        server_words=server_words,
        breaker_words=breaker_words,
        connection_words=connection_words,
        relay_rate_words=relay_rate_words,
        probe_words=probe_words,
        moment=moment,
    )


@bp.route("/delivery/<move>", methods=["GET", "POST"])
@needs(Permission.CHANGE_DELIVERY, does="changed whether anything leaves")
def change_delivery(move: str) -> ResponseReturnValue:
    """Says what will happen to everything, then does it."""
    if move not in _MOVES:
        abort(404)
    chosen, switches = _MOVES[move], read_switches(here().engine)
    if not _changes(switches, move):
        raise NotAllowed(chosen.idle)
    if PlainForm().validate_on_submit():
        _change(move)
        flash(chosen.done, "good")
        return redirect(url_for("admin.delivery"), 303)
    report = report_hold(here().engine, named=_NAMED) if move == "release" else HoldReport()
    return render_template("admin/change_delivery.html", move=move, words=chosen.words, report=report)


def _changes(switches: Switches, move: str) -> bool:
    return bool(switches.hold_reason) if move == "release" else switches.is_paused == (move == "resume")


def _change(move: str) -> None:
    actor = organizer().actor
    if move == "release":
        lets_leave = request.form.get("doubtful") == "leave"
        accept_database(here().engine, actor=actor, let_doubtful_leave=lets_leave)
    else:
        pause_everything(here().engine, paused=move == "pause", actor=actor)
    if move != "pause":
        for task in (TaskName.DELIVER_LETTERS, TaskName.RETRY_LETTERS, TaskName.SEND_MAIL):
            here().ring.ring(task)
