"""What came of a campaign, and mending the addresses of offices that fail."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.bulk import BulkAction
from shared.domain.letter_filter import LetterFilter
from shared.domain.letter_words import STATE_WORDS
from shared.domain.permissions import Permission
from shared.domain.problems import Problem
from shared.domain.states import HAS_LEFT, LetterState
from shared.errors import InputError, NotAllowed
from shared.services.campaigns import read_campaign
from shared.services.failing_addresses import FailingAddress, correct_failing, find_mendable, list_failing
from shared.services.letters import retry_held_for_addresses
from shared.services.letters_table import count_fitting
from shared.services.office_addresses import try_failing_addresses
from shared.services.offices.wanted import By
from shared.services.results import percent, read_results
from web.admin import ROW_ID, bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.organizer import OfficeAddressForm
from web.forms.supporter import PlainForm

# So many legislators at first; all of them on request.
_SHOWN = 50


@bp.get("/campaigns/<slug>/results")
@needs(Permission.SEE_CAMPAIGN)
def results(slug: str) -> str:
    """Totals, what failed and why, failing addresses, and the answer rate of each legislator."""
    stored = read_campaign(here().engine, slug)
    found = read_results(here().engine, here().settings, stored)
    return render_template(
        "admin/results.html",
        stored=stored,
        results=found,
        offices=found.offices if "all" in request.args else found.offices[:_SHOWN],
        has_left=sorted(HAS_LEFT, key=list(LetterState).index),
        state_words=STATE_WORDS,
        percent=percent,
    )


@bp.route("/campaigns/<slug>/results/try-again", methods=["GET", "POST"])
@needs(Permission.CHANGE_LETTERS, does="tried failing addresses again")
def try_addresses(slug: str) -> ResponseReturnValue:
    """Says what will happen, then sends this campaign's held letters to the failing addresses once more.

    The addresses count as working again, which concerns all campaigns, only for those who may change offices.
    """
    stored = read_campaign(here().engine, slug)
    may_change_offices = organizer().access.may(Permission.CHANGE_OFFICES)
    if PlainForm().validate_on_submit():
        if may_change_offices:
            released = try_failing_addresses(here().engine, here().ring)
            flash(f"All addresses count as working again. {_leaving(released)}", "good")
        else:
            released = retry_held_for_addresses(here().engine, here().ring, stored.id, actor=organizer().actor)
            flash(f"This campaign’s letters try these addresses again. {_leaving(released)}", "good")
        return redirect(url_for("admin.results", slug=slug), 303)
    failing = list_failing(here().engine, stored.id)
    if not failing:
        raise NotAllowed("No address of this campaign's offices fails.")
    return render_template(
        "admin/try_addresses.html", stored=stored, failing=failing, may_change_offices=may_change_offices
    )


@bp.route(f"/campaigns/<slug>/offices/<{ROW_ID}:office_id>/address", methods=["GET", "POST"])
@needs(Permission.CHANGE_OFFICES, does="corrected an office's address")
def office_address(slug: str, office_id: int) -> ResponseReturnValue:
    """Another address for an office, because the one we have fails."""
    stored = read_campaign(here().engine, slug)
    line = find_mendable(here().engine, stored.id, office_id)
    form = OfficeAddressForm(email=line.email, second_email=line.second_email)
    errors: dict[str, str] = {}
    if form.validate_on_submit():
        try:
            return _correct(slug, line, form)
        except InputError as error:
            errors = error.fields
    page = render_template("admin/office_address.html", stored=stored, line=line, form=form, errors=errors)
    return page, 422 if errors else 200


def _correct(slug: str, line: FailingAddress, form: OfficeAddressForm) -> ResponseReturnValue:
    typed = {"email": form.email.data or "", "second_email": form.second_email.data or ""}
    by = By(organizer().email, organizer().id)
    released = correct_failing(here().engine, here().ring, line, typed, by)
    flash(f"The address of {line.office} is corrected. {_leaving(released)}", "good")
    return redirect(_onward(slug, line), 303)


def _onward(slug: str, line: FailingAddress) -> str:
    """To the letters that came back from the old address, or never had one: whether they are sent is asked."""
    problem, action = (Problem.ADDRESS, BulkAction.RETRY) if line.failing else (Problem.NO_EMAIL, BulkAction.RELEASE)
    chosen = LetterFilter(needs=True, problem=problem, office=line.office_id)
    if not count_fitting(here().engine, read_campaign(here().engine, slug).id, chosen):
        return url_for("admin.results", slug=slug)
    parameters: dict[str, Any] = {"action": action, "all": "yes", **chosen.in_address()}
    return url_for("admin.change_letters", slug=slug, **parameters)


def _leaving(released: int) -> str:
    if not released:
        return "No letter was held for it."
    return f"{released:,} held {'letter leaves' if released == 1 else 'letters leave'} when due."
