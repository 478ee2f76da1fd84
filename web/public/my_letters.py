"""My letters, the second visit: a copy, where each one is, taking one back, deleting data. GET changes nothing."""

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.domain.identities import is_owner_key
from shared.domain.states import SubmissionState
from shared.errors import NotFound
from shared.services.campaigns import read_campaign
from shared.services.my_letters import cancel_own_letter, erase_own, find_earlier, send_to_new_holder
from shared.services.owner_links import BROKEN_LINK
from shared.services.submission_view import SubmissionView
from web.context import here
from web.limits import ROW_ID
from web.public import bp
from web.public.drafts import read_visible
from web.public.owned import disown, is_owned, is_proved, own, owned_tokens
from web.public.status import is_settled, require_owner
from web.security import keep_private


def onward(slug: str, draft: str, email: str) -> Response:
    """From step 1 to the letter. A supporter who wrote from this browser before sees that first, and may go on."""
    mine = owned_tokens()
    own(draft)
    earlier = find_earlier(here().engine, here().settings, slug, email, mine) if mine else ()
    if earlier:
        return make_response(redirect(url_for("public.my_letters", token=earlier[0].token, draft=draft), 303))
    return make_response(redirect(url_for("public.letter", slug=slug, token=draft), 303))


@bp.get("/mine/<token>/<key>")
def mine(token: str, key: str) -> ResponseReturnValue:
    """The link in our emails: this browser belongs to the supporter. Opens a page, changes nothing else."""
    if not is_owner_key(here().settings.secret_key, token, key):
        raise NotFound(BROKEN_LINK)
    view = read_visible(token)
    own(token, is_proved=True)
    if view.state is SubmissionState.NEEDS_ADDRESS:
        return redirect(url_for("public.letter", slug=view.stored.campaign.slug, token=token), 303)
    return redirect(url_for("public.my_letters", token=token), 303)


@bp.get("/mine/<token>")
def my_letters(token: str) -> ResponseReturnValue:
    """What this browser's supporter sent; all other visitors see the status page, with states only."""
    view = read_visible(token)
    is_empty = view.accepted_at is None or view.state is SubmissionState.WITHDRAWN or view.expected_letters == 0
    if is_empty or not _is_theirs(view):
        return redirect(url_for("public.status", token=token), 303)
    draft = request.args.get("draft", "")
    earlier = find_earlier(here().engine, here().settings, view.stored.campaign.slug, view.email, owned_tokens())
    return _private(
        "my_letters.html",
        view,
        draft=draft if is_owned(draft) else "",
        others=[one for one in earlier if one.token != token],
        owned=True,
        settled=is_settled(view),
    )


@bp.post(f"/s/<token>/letters/<{ROW_ID}:letter_id>/cancel")
def cancel(token: str, letter_id: int) -> ResponseReturnValue:
    """Takes one letter back; NotAllowed says when it is too late."""
    require_owner(token)
    cancel_own_letter(here().engine, token, letter_id)
    return redirect(url_for("public.my_letters", token=token), 303)


@bp.post(f"/s/<token>/letters/<{ROW_ID}:letter_id>/send")
def send_held(token: str, letter_id: int) -> ResponseReturnValue:
    """Sends a letter to the new holder of its office; NotAllowed while nobody holds it."""
    require_owner(token)
    send_to_new_holder(here().engine, here().ring, token, letter_id)
    return redirect(url_for("public.my_letters", token=token), 303)


@bp.get("/s/<token>/delete")
def ask_delete(token: str) -> ResponseReturnValue:
    """Says what would be deleted and what stays."""
    view = read_visible(token)
    if not _is_theirs(view):
        return redirect(url_for("public.status", token=token), 303)
    return _private("delete_data.html", view, is_proved=is_proved(token))


@bp.post("/s/<token>/delete")
def delete(token: str) -> ResponseReturnValue:
    """Deletes it; the page after it knows nobody any more."""
    require_owner(token)
    view = read_visible(token)
    gone = erase_own(here().engine, here().settings, token, owned_tokens(), is_proved=is_proved(token))
    disown([token, *gone])
    return redirect(url_for("public.deleted", slug=view.stored.campaign.slug), 303)


@bp.get("/c/<slug>/deleted")
def deleted(slug: str) -> Response:
    """It is done."""
    return keep_private(
        make_response(render_template("deleted.html", campaign=read_campaign(here().engine, slug).campaign))
    )


def _is_theirs(view: SubmissionView) -> bool:
    return is_owned(view.token) and not view.is_erased


def _private(template: str, view: SubmissionView, **values: object) -> Response:
    html = render_template(template, view=view, campaign=view.stored.campaign, **values)
    return keep_private(make_response(html))
