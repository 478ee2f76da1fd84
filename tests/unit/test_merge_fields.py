import pytest

from shared.domain.merge_fields import (
    MergeField,
    UnfilledField,
    canonical,
    fill,
    find_problems,
    join,
    place_own_words,
    split_opening,
)

LETTER = "Dear {{recipient_title}} {{recipient_name}},\n\n{{supporter_name}}\n{{supporter_email}}\n\nPlease vote yes."
VALUES = {
    MergeField.RECIPIENT_TITLE: "Senator",
    MergeField.RECIPIENT_NAME: "Ana Ruiz",
    MergeField.SUPPORTER_NAME: "Jo",
    MergeField.SUPPORTER_EMAIL: "jo@example.org",
}


def test_fields_are_filled_in_one_pass() -> None:
    values = VALUES | {MergeField.SUPPORTER_NAME: "{{recipient_name}}"}
    assert "{{recipient_name}}\njo@example.org" in join(fill(LETTER, values))


@pytest.mark.parametrize("missing", [MergeField.RECIPIENT_NAME, MergeField.SUPPORTER_EMAIL])
def test_an_unfilled_field_can_not_become_a_letter(missing: MergeField) -> None:
    with pytest.raises(UnfilledField, match=missing.value):
        fill(LETTER, VALUES | {missing: "  "})


def test_only_own_words_may_be_empty_and_leave_no_gap() -> None:
    body = place_own_words(LETTER)
    assert join(fill(body, VALUES)) == join(fill(LETTER, VALUES))


def test_own_words_stand_after_the_opening_when_the_campaign_names_no_place() -> None:
    text = join(fill(place_own_words(LETTER), VALUES | {MergeField.OWN_WORDS: "I work in a co-op."}))
    assert text.split("\n\n")[2] == "I work in a co-op."


def test_the_opening_is_the_greeting_and_what_holds_only_fields() -> None:
    opening, rest = split_opening(LETTER)
    assert opening.endswith("{{supporter_email}}")
    assert rest == "Please vote yes."


def test_hosts_placeholders_are_aliases() -> None:
    text = "Dear [recipient position will go here] [Recipient  name will go here], [your location will go here]"
    assert canonical(text) == "Dear {{recipient_title}} {{recipient_name}}, {{location}}"
    assert find_problems(text) == []


@pytest.mark.parametrize(
    ("template", "line"),
    [("a\n{{senator}}", 2), ("[shoe size will go here]", 1), ("a\n\n{{ recipient_name }", 3), ("}} b", 1), ("{{}}", 1)],
)
def test_unknown_and_broken_fields_are_named_with_their_line(template: str, line: int) -> None:
    assert [found for found, _ in find_problems(template)] == [line]
