"""The launch rehearsal of a campaign: run it, watch it, read what it found."""

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shared.domain.campaigns import StoredCampaign
from shared.domain.pace import Pace
from shared.domain.pace_words import rate_words
from shared.domain.permissions import Permission
from shared.domain.rehearsal_words import KIND_WORDS, change_words, finding_title, mend_words
from shared.domain.rehearsals import CROWD, Kind
from shared.services.campaigns import read_campaign
from shared.services.rehearsal import RehearsalPage, ask_rehearsal, read_rehearsals
from web.admin import bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.supporter import PlainForm

# Where each problem is mended, or seen more closely: endpoint and words.
_MENDS: dict[Kind, tuple[str, str]] = {
    Kind.PRACTICE: ("admin.lookup", "Look up an address"),
    Kind.NO_DISTRICTS: ("admin.lookup", "Look up an address"),
    Kind.NO_ADDRESSES: ("admin.lookup", "Look up an address"),
    Kind.NOT_FOUND: ("admin.lookup", "Look up an address"),
    Kind.DOUBTFUL: ("admin.lookup", "Look up an address"),
    Kind.FAILING: ("admin.results", "Addresses that fail"),
    Kind.TOO_LATE: ("admin.delivery", "Pace by domain"),
    Kind.NO_RELAY: ("admin.delivery", "Delivery"),
    **dict.fromkeys(
        (Kind.UNFILLED, Kind.NOT_MADE, Kind.LONG_SUBJECT, Kind.LONG_LINE, Kind.LARGE_MESSAGE),
        ("admin.edit_campaign", "Edit the letter"),
    ),
    Kind.LEFT_OUT: ("admin.edit_campaign", "Edit the targets"),
}
_STEPS = {Kind.LEFT_OUT: "targets"}
_OF_CAMPAIGN = frozenset({"admin.results", "admin.edit_campaign"})


@bp.route("/campaigns/<slug>/rehearsal", methods=["GET", "POST"])
@needs(Permission.EDIT_CAMPAIGN, does="ran a rehearsal")
def rehearsal(slug: str) -> ResponseReturnValue:
    """The button, the progress, and the newest report beside what has changed since the one before."""
    stored = read_campaign(here().engine, slug)
    if PlainForm().validate_on_submit():
        if not ask_rehearsal(here().engine, here().ring, slug, actor=organizer().actor):
            flash("A rehearsal is running already. Its result appears here.", "note")
        return redirect(url_for("admin.rehearsal", slug=slug), 303)
    page = read_rehearsals(here().engine, stored)
    return render_template("admin/rehearsal.html", stored=stored, **_values(stored, page))


@bp.get("/campaigns/<slug>/rehearsal/live")
@needs(Permission.EDIT_CAMPAIGN, does="ran a rehearsal")
def rehearsal_live(slug: str) -> Response:
    """How far it is; when it is finished the page is loaded anew."""
    stored = read_campaign(here().engine, slug)
    page = read_rehearsals(here().engine, stored)
    return make_response(render_template("admin/_rehearsal_progress.html", stored=stored, page=page))


def _values(stored: StoredCampaign, page: RehearsalPage) -> dict[str, object]:
    slug, state = stored.campaign.slug, stored.campaign.jurisdiction
    mends = {kind: (_mend_link(kind, endpoint, slug), words) for kind, (endpoint, words) in _MENDS.items()}
    return {
        "page": page,
        "report": page.report,
        "crowd": CROWD,
        "mends": mends,
        "kind_words": KIND_WORDS,
        "finding_title": finding_title,
        "mend_words": lambda finding: mend_words(finding, state),
        "change_words": change_words,
        "rate_words": lambda line: rate_words(Pace(rate_per_hour=line.rate_per_hour)),
    }


def _mend_link(kind: Kind, endpoint: str, slug: str) -> str:
    if endpoint not in _OF_CAMPAIGN:
        return url_for(endpoint)
    if endpoint == "admin.edit_campaign":
        return url_for(endpoint, slug=slug, step=_STEPS.get(kind, "letter"))
    return url_for(endpoint, slug=slug)
