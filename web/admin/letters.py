"""One letter: its history, and the two things an organizer may do with it; and releasing those held for a look."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shared.domain.permissions import Permission
from shared.services.campaigns import read_campaign
from shared.services.checked_letters import release_checked
from shared.services.dashboard import read_letter
from shared.services.letters import cancel_letter, retry_letter
from web.admin import ROW_ID, bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.supporter import PlainForm


@bp.get(f"/letters/<{ROW_ID}:letter_id>")
@needs(Permission.SEE_CAMPAIGN, sees="read a letter")
def letter(letter_id: int) -> str:
    """State, cause, timeline and text."""
    return render_template("admin/letter.html", letter=read_letter(here().engine, letter_id))


@bp.post(f"/letters/<{ROW_ID}:letter_id>/retry")
@needs(Permission.CHANGE_LETTERS, does="queued a letter again")
def retry(letter_id: int) -> ResponseReturnValue:
    """Queues the letter again, due at once."""
    if PlainForm().validate_on_submit():
        retry_letter(here().engine, here().ring, letter_id, actor=organizer().actor)
        opens = read_letter(here().engine, letter_id).opens
        leaves = f"when the office opens, {opens}" if opens else "within seconds"
        flash(f"The letter is queued again and leaves {leaves}.", "good")
    return redirect(url_for("admin.letter", letter_id=letter_id), 303)


@bp.post("/campaigns/<slug>/release")
@needs(Permission.CHANGE_LETTERS, does="released held letters")
def release(slug: str) -> ResponseReturnValue:
    """Lets all letters of the campaign go that were held because they were sent so quickly."""
    stored = read_campaign(here().engine, slug)
    if PlainForm().validate_on_submit():
        released = release_checked(here().engine, here().ring, stored.id, actor=organizer().actor)
        flash(f"Released: {released:,} letter{'s' if released != 1 else ''}.", "good")
    return redirect(url_for("admin.campaign", slug=slug), 303)


@bp.route(f"/letters/<{ROW_ID}:letter_id>/cancel", methods=["GET", "POST"])
@needs(Permission.CHANGE_LETTERS, does="cancelled a letter")
def cancel(letter_id: int) -> ResponseReturnValue:
    """Asks first, then takes the letter out of the queue."""
    if PlainForm().validate_on_submit():
        cancel_letter(here().engine, letter_id, actor=organizer().actor)
        flash("The letter is cancelled. You can queue it again with Retry.", "good")
        return redirect(url_for("admin.letter", letter_id=letter_id), 303)
    return render_template("admin/cancel.html", letter=read_letter(here().engine, letter_id))
