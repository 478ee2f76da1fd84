"""Files of a campaign's letters, supporters and legislators: asked for, watched while they are made, taken, deleted."""

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shared.db.exports import ExportRow
from shared.domain.campaigns import StoredCampaign
from shared.domain.exports import KIND_WORDS, REASON_WORDS, ExportFilter, ExportKind, read_filter
from shared.domain.letter_words import STATE_WORDS, office_label
from shared.domain.permissions import Permission
from shared.errors import InputError, NotAllowed
from shared.rendering.fonts import find_line
from shared.services.campaigns import read_campaign
from shared.services.exports import ExportPage, ask_export, delete_export, file_link, open_export, read_exports
from web.admin import ROW_ID, bp
from web.admin.guard import needs, organizer
from web.context import here
from web.forms.supporter import PlainForm

_GONE = 410
_FIELDS = ("state", "office_id", "first_day", "last_day")
_UNITS = ("bytes", "kB", "MB", "GB")
_NEXT_UNIT = 1_000
# A sign of each writing that our fonts may lack.
_SAMPLE = "中"


@bp.route("/campaigns/<slug>/exports", methods=["GET", "POST"])
@needs(Permission.EXPORT, does="asked for an export")
def exports(slug: str) -> ResponseReturnValue:
    """The form, and the last files of everybody."""
    stored = read_campaign(here().engine, slug)
    if not PlainForm().validate_on_submit():
        return _page(stored)
    typed = {name: request.form.get(name, "").strip() for name in ("kind", *_FIELDS)}
    try:
        return _ask(stored, typed)
    except InputError as error:
        return _page(stored, typed=typed, errors=error.fields), 422
    except NotAllowed as error:
        return _page(stored, typed=typed, errors={"kind": str(error)}), 409


@bp.get("/campaigns/<slug>/exports/live")
@needs(Permission.EXPORT)
def exports_live(slug: str) -> str:
    """How far they are."""
    stored = read_campaign(here().engine, slug)
    return render_template("admin/_export_files.html", **_values(stored, read_exports(here().engine, stored.id)))


@bp.get(f"/campaigns/<slug>/exports/<{ROW_ID}:export_id>/file")
@needs(Permission.EXPORT, sees="downloaded an export")
def download_export(slug: str, export_id: int) -> ResponseReturnValue:
    """The file, as it is read: no page and no compression waits for the whole of it."""
    stored = read_campaign(here().engine, slug)
    until, key = request.args.get("until", ""), request.args.get("key", "")
    try:
        file = open_export(here().engine, here().settings, stored, export_id, until=until, key=key)
    except NotAllowed as error:
        return _page(stored, gone=str(error)), _GONE
    g.audit_about = _about(file.row)
    response = Response(file.content, content_type=file.mimetype, direct_passthrough=True)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    # A download that breaks off is then known as such.
    response.content_length = file.size
    return response


@bp.post(f"/campaigns/<slug>/exports/<{ROW_ID}:export_id>/delete")
@needs(Permission.EXPORT, does="deleted an export")
def remove_export(slug: str, export_id: int) -> ResponseReturnValue:
    """Nobody gets it any more, also who has its link."""
    stored = read_campaign(here().engine, slug)
    if PlainForm().validate_on_submit():
        try:
            row = delete_export(here().engine, here().ring, stored.id, export_id)
        except NotAllowed as error:
            flash(str(error), "note")
        else:
            g.audit_about = _about(row)
            flash("It is stopped." if row.is_unfinished else "The file is deleted.", "good")
    return redirect(url_for("admin.exports", slug=slug), 303)


def _ask(stored: StoredCampaign, typed: dict[str, str]) -> ResponseReturnValue:
    if typed["kind"] not in set(ExportKind):
        raise InputError({"kind": "Choose what you need."})
    kind = ExportKind(typed["kind"])
    wanted = read_filter(kind, **{name: typed[name] for name in _FIELDS})
    slug, asked_by = stored.campaign.slug, organizer().email
    number = ask_export(here().engine, here().ring, slug, kind, wanted, asked_by=asked_by)
    g.audit_about = f"export {number}: {KIND_WORDS[kind].name}"
    return redirect(url_for("admin.exports", slug=slug, _anchor="files"), 303)


def _page(
    stored: StoredCampaign,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    gone: str = "",
) -> str:
    page = read_exports(here().engine, stored.id)
    return render_template(
        "admin/exports.html",
        **_values(stored, page),
        typed=typed or {"kind": ExportKind.LETTERS},
        errors=errors or {},
        gone=gone,
        state_words=STATE_WORDS,
        offices=[(row["id"], office_label(row["title"], row["holder"], row["district"])) for row in page.offices],
        lacks_fonts=find_line(_SAMPLE, bold=False, for_pdf=True) is None,
        hours=here().settings.export_hours,
    )


def _values(stored: StoredCampaign, page: ExportPage) -> dict[str, object]:
    return {
        "stored": stored,
        "page": page,
        "kind_words": KIND_WORDS,
        "reason_words": REASON_WORDS,
        "filter_words": filter_words,
        "link": lambda row: _link(stored.campaign.slug, row),
        "size_words": size_words,
    }


def _link(slug: str, row: ExportRow) -> str | None:
    """The link of a file that is ready."""
    found = file_link(here().settings, row)
    if found is None:
        return None
    until, key = found
    return url_for("admin.download_export", slug=slug, export_id=row.id, until=until, key=key)


def _about(row: ExportRow) -> str:
    return f"export {row.id}: {KIND_WORDS[row.kind].name}, {filter_words(row)}"


def filter_words(row: ExportRow) -> str:
    """`State: Bounced; Senator Pat Doe; from November 22, 2026`, or `All of them`."""
    wanted = row.wanted
    parts = [f"State: {STATE_WORDS[wanted.letter_state]}"] if wanted.letter_state else []
    if row.office:
        parts.append(office_label(*row.office))
    return "; ".join([*parts, *_day_words(wanted)]) or "All of them"


def _day_words(wanted: ExportFilter) -> list[str]:
    first, last = (f"{one:%B} {one.day}, {one.year}" if one else "" for one in (wanted.first_day, wanted.last_day))
    if first and first == last:
        return [f"on {first}"]
    return [" ".join(part for part in (f"from {first}" if first else "", f"to {last}" if last else "") if part)][
        : bool(first or last)
    ]


def size_words(size: int) -> str:
    """`1.2 MB`."""
    value, unit = float(size), 0
    while value >= _NEXT_UNIT and unit < len(_UNITS) - 1:
        value, unit = value / _NEXT_UNIT, unit + 1
    return f"{value:,.1f} {_UNITS[unit]}" if unit > 1 else f"{value:,.0f} {_UNITS[unit]}"
