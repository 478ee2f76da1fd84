"""The audit log: what people of a campaign, or of the whole installation, saw and did."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from shared.domain.campaigns import StoredCampaign
from shared.domain.integers import parse_integer
from shared.domain.permissions import Permission
from shared.services.audit import PAGE_SIZE, read_entries
from shared.services.campaigns import read_campaign
from web.admin import bp
from web.admin.guard import needs
from web.context import here


@bp.get("/campaigns/<slug>/audit")
@needs(Permission.MANAGE_PEOPLE)
def campaign_audit(slug: str) -> ResponseReturnValue:
    """Of one campaign, for its owners."""
    return _page(read_campaign(here().engine, slug))


@bp.get("/audit")
@needs(Permission.RUN_INSTALLATION)
def audit() -> ResponseReturnValue:
    """Of everything."""
    return _page(None)


def _page(stored: StoredCampaign | None) -> str:
    changes_only = "changes" in request.args
    before = parse_integer(request.args.get("before", ""))
    entries = read_entries(here().engine, stored.id if stored else None, before=before, changes_only=changes_only)
    shown = entries[:PAGE_SIZE]
    older = shown[-1].id if len(entries) > PAGE_SIZE else None
    return render_template(
        "admin/audit.html", stored=stored, entries=shown, older=older, newest=before is None, changes_only=changes_only
    )
