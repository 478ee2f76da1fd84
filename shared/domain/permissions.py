"""What organizers may see and do, and which role holds which permission. The one place where that is written."""

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """One kind of view or action. Those of a campaign are held per campaign, the others for the whole installation."""

    # Of a campaign.
    SEE_CAMPAIGN = "see_campaign"
    CHANGE_LETTERS = "change_letters"
    EDIT_CAMPAIGN = "edit_campaign"
    SWITCH_CAMPAIGN = "switch_campaign"
    SEND_UPDATES = "send_updates"
    EXPORT = "export"
    MANAGE_PEOPLE = "manage_people"
    # Of the installation.
    SEE_INSTALLATION = "see_installation"
    CREATE_CAMPAIGNS = "create_campaigns"
    CHANGE_OFFICES = "change_offices"
    CHANGE_DELIVERY = "change_delivery"
    RUN_INSTALLATION = "run_installation"
    # It holds the letters of all campaigns.
    READ_MAILBOX = "read_mailbox"
    # Of one's own account.
    OWN_ACCOUNT = "own_account"


class Role(StrEnum):
    """Per campaign; whoever runs the installation is the owner of all."""

    OWNER = "owner"
    ORGANIZER = "organizer"
    VIEWER = "viewer"


_VIEWER = frozenset({Permission.SEE_CAMPAIGN})
_ORGANIZER = _VIEWER | {
    Permission.CHANGE_LETTERS,
    Permission.EDIT_CAMPAIGN,
    Permission.SWITCH_CAMPAIGN,
    Permission.SEND_UPDATES,
    Permission.EXPORT,
}
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.ORGANIZER: _ORGANIZER,
    Role.OWNER: _ORGANIZER | {Permission.MANAGE_PEOPLE},
}
OF_A_CAMPAIGN = ROLE_PERMISSIONS[Role.OWNER]
ROLE_WORDS: dict[Role, str] = {
    Role.OWNER: "Owner: everything, and who else may",
    Role.ORGANIZER: "Organizer: edits, publishes, answers for delivery, exports",
    Role.VIEWER: "Viewer: sees everything of this campaign, changes nothing",
}


@dataclass(frozen=True)
class Access:
    """What decides about one organizer and one page: `role` is that in the campaign which the page is about."""

    runs_installation: bool = False
    role: Role | None = None
    is_member_somewhere: bool = False

    def may(self, permission: Permission) -> bool:
        """True when the page may be shown, or the action done."""
        if self.runs_installation or permission is Permission.OWN_ACCOUNT:
            return True
        if permission is Permission.SEE_INSTALLATION:
            return self.is_member_somewhere
        return self.role is not None and permission in ROLE_PERMISSIONS[self.role]


NO_ACCESS = Access()
