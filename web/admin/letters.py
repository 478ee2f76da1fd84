"""One letter: its history, and the two things an organizer may do with it alone."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.letter_filter import read_filter
from shared.domain.permissions import Permission
from shared.services.letter_detail import neighbours, read_letter
from shared.services.letters import cancel_letter, retry_letter
from web.admin import ROW_ID, bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.supporter import PlainForm


@bp.get(f"/letters/<{ROW_ID}:letter_id>")
@needs(Permission.SEE_CAMPAIGN, sees="read a letter")
def letter(letter_id: int) -> str:
    """State, cause, timeline and text; the letters beside it, when its address says from which table one came."""
    found = read_letter(here().engine, letter_id)
    chosen = read_filter(request.args.to_dict())
    newer, older = neighbours(here().engine, found.campaign.id, chosen, found.key) if request.args else (None, None)
    return render_template("admin/letter.html", letter=found, chosen=chosen, newer=newer, older=older)


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


@bp.route(f"/letters/<{ROW_ID}:letter_id>/cancel", methods=["GET", "POST"])
@needs(Permission.CHANGE_LETTERS, does="cancelled a letter")
def cancel(letter_id: int) -> ResponseReturnValue:
    """Asks first, then takes the letter out of the queue."""
    if PlainForm().validate_on_submit():
        cancel_letter(here().engine, letter_id, actor=organizer().actor)
        flash("The letter is cancelled. You can queue it again with Retry.", "good")
        return redirect(url_for("admin.letter", letter_id=letter_id), 303)
    return render_template("admin/cancel.html", letter=read_letter(here().engine, letter_id))
