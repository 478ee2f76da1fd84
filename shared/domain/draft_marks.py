"""Which text an organizer looked at: what is published or goes live is that one, or nothing."""

from shared.domain.campaign_steps import Step, step_mark, whole_mark
from shared.domain.campaigns import Campaign
from shared.errors import NotAllowed

_JOINT = "-"


def draft_mark(campaign: Campaign) -> str:
    """Names the whole text, and each step of it, so that it can be said which ones are others later."""
    return _JOINT.join([whole_mark(campaign), *(step_mark(campaign, step) for step in Step)])


def require_marked(mark: str, campaign: Campaign) -> None:
    """Raises NotAllowed, with the steps that changed, unless the mark was made of this text."""
    if mark == draft_mark(campaign):
        return
    was = mark.split(_JOINT)[1:]
    changed = [step for step, before in zip(Step, was, strict=False) if before != step_mark(campaign, step)]
    steps = ", ".join(f"“{step.value.capitalize()}”" for step in changed)
    raise NotAllowed(
        f"Nothing was published, because {steps or 'the campaign'} changed after you opened this page."
        " Check the new text, then try again."
    )
