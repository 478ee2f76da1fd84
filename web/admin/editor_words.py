"""What the editor calls things, in plain words."""

from shared.domain.campaign_steps import Step
from shared.domain.merge_fields import MergeField

STEP_WORDS = {
    Step.PAGE: ("Page", "What supporters see"),
    Step.LETTER: ("Letter", "What legislators read"),
    Step.TARGETS: ("Targets", "Who gets it"),
    Step.SHARE: ("Share", "Goal, link, flyer"),
    Step.FOLLOW_UPS: ("Follow-ups", "Emails after sending"),
    Step.PUBLISH: ("Publish", "Check and go live"),
}
# The button, and what is filled in.
FIELD_WORDS = {
    MergeField.RECIPIENT_TITLE: ("Title", "Representative or Senator"),
    MergeField.RECIPIENT_NAME: ("Legislator", "the legislator's name"),
    MergeField.DISTRICT: ("District", "the legislator's district"),
    MergeField.SUPPORTER_NAME: ("Supporter", "the supporter's name"),
    MergeField.LOCATION: ("Address", "the supporter's home address"),
    MergeField.SUPPORTER_EMAIL: ("Email", "the supporter's email, for the answer"),
    MergeField.OWN_WORDS: ("Own words", "what the supporter adds; may stay empty"),
}
TEMPLATE_WORDS = {
    "received": "“We have your letters”",
    "thank_you": "Thank you, with a copy",
    "fix_address": "“Which district is yours?”",
    "not_answered_in_time": "“Nothing was sent”",
    "failure": "“A letter did not arrive”",
    "did_they_answer": "“Did they answer?”",
    "victory": "“We won”",
    "none": "No email at all",
}
TRIGGER_WORDS = {
    "accepted": "Send was pressed",
    "first_sent": "the first letter left",
    "doubtful": "the district is a question",
    "failed": "a letter failed",
    "expired": "the question stayed open",
    "won": "the campaign was won",
}
CONDITION_WORDS = {
    "not_sent": "only while no letter has left",
    "not_answered": "only while no answer is known",
    "doubtful": "only while the district is a question",
    "failed": "only while a letter is failed",
    "consented": "only to those who agreed to hear more",
}
