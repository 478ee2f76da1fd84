"""People whose address leads to no office: who they are, the link by email, and correcting an address for somebody."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.address_lines import split_line
from shared.domain.integers import parse_integer
from shared.domain.permissions import Permission
from shared.domain.places import HomeAddress, LookupStatus
from shared.errors import InputError
from shared.services.address_questions import (
    PersonLetters,
    correct_person,
    email_links,
    list_asked,
    read_person,
    settle_questions,
)
from shared.services.campaigns import read_campaign
from web.admin import ROW_ID, bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.supporter import AddressFields, PlainForm

_STATUS_WORDS = {
    LookupStatus.NO_MATCH: "Not found",
    LookupStatus.INCOMPLETE: "Not complete",
    LookupStatus.DOUBTFUL: "Several offices possible",
    LookupStatus.OUTSIDE: "Outside the state",
}
_WHY_NOT = {
    "coming": "get one at this moment",
    "today": "got one within the last day",
    "twice": "got two already, and nobody gets more",
    "unwanted": "want no emails, or their address does not exist",
    "erased": "asked to be deleted",
}


@bp.get("/campaigns/<slug>/addresses")
@needs(Permission.SEE_CAMPAIGN, sees="looked at home addresses")
def addresses(slug: str) -> str:
    """Everybody who is asked, and how many may get an email now."""
    stored = read_campaign(here().engine, slug)
    page = list_asked(here().engine, stored.id, after=parse_integer(request.args.get("after", "")) or 0)
    why_not = [(words, page.verdicts[name]) for name, words in _WHY_NOT.items() if page.verdicts.get(name)]
    return render_template(
        "admin/addresses.html",
        stored=stored,
        page=page,
        can=page.verdicts.get("can", 0),
        asked=sum(page.verdicts.values()),
        why_not=why_not,
        status_words=_STATUS_WORDS,
    )


@bp.post("/campaigns/<slug>/addresses/email")
@needs(Permission.CHANGE_LETTERS, does="emailed people about their address")
def email_people(slug: str) -> ResponseReturnValue:
    """The link to everybody who may get it now."""
    stored = read_campaign(here().engine, slug)
    if PlainForm().validate_on_submit():
        count = email_links(here().engine, here().ring, stored.id)
        people = "1 person gets" if count == 1 else f"{count:,} people get"
        flash(f"{people} an email with a link to their question.", "good" if count else "note")
    return redirect(url_for("admin.addresses", slug=slug), 303)


@bp.post("/campaigns/<slug>/addresses/settle")
@needs(Permission.CHANGE_LETTERS, does="marked questions about addresses as dealt with, or took that back")
def settle_people(slug: str) -> ResponseReturnValue:
    """The questions that are open now need no attention any more, or need it again."""
    stored = read_campaign(here().engine, slug)
    if PlainForm().validate_on_submit():
        attended = request.form.get("undo") != "yes"
        settle_questions(here().engine, stored.id, attended=attended, actor=organizer().actor)
        flash("Marked as dealt with." if attended else "They need attention again.", "good")
    return redirect(url_for("admin.addresses", slug=slug), 303)


@bp.route(f"/campaigns/<slug>/addresses/<{ROW_ID}:submission_id>", methods=["GET", "POST"])
@needs(Permission.CHANGE_LETTERS, sees="looked at a home address", does="corrected a home address")
def correct_home(slug: str, submission_id: int) -> ResponseReturnValue:
    """Another home address for somebody; says what that means for letters that are there."""
    stored = read_campaign(here().engine, slug)
    person = read_person(here().engine, stored.id, submission_id)
    errors: dict[str, str] = {}
    typed = person.address
    if request.method == "POST":
        try:
            typed = _typed(person)
            cancelled = correct_person(
                here().engine, here().ring, stored.id, submission_id, typed, actor=organizer().actor
            )
        except InputError as error:
            errors = error.fields
        else:
            flash(_corrected(person, cancelled), "good")
            return redirect(url_for("admin.campaign", slug=slug), 303)
    page = render_template("admin/correct_home.html", stored=stored, person=person, typed=typed, errors=errors)
    return page, 422 if errors else 200


def _typed(person: PersonLetters) -> HomeAddress:
    """A suggested spelling, or what the form says; raises InputError."""
    picked = parse_integer(request.form.get("suggestion", ""), most=len(person.suggestions) - 1)
    if picked is not None:
        return split_line(person.suggestions[picked], person.address.state)
    form = AddressFields()
    if not form.validate():
        raise InputError({name: errors[0] for name, errors in form.errors.items() if name})
    return form.address(person.address.state)


def _corrected(person: PersonLetters, cancelled: int) -> str:
    words = f"The address of {person.name} is corrected and looked up now; letters to its offices follow by themselves."
    if cancelled:
        words += f" {cancelled} of the old letters {'is' if cancelled == 1 else 'are'} cancelled."
    if person.left:
        words += f" {person.left} had left already and {'stays' if person.left == 1 else 'stay'}."
    return words
