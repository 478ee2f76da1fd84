"""Which office gets which wording, and which gets none."""

from dataclasses import replace

import pytest

from shared.domain.campaigns import Campaign, from_document, to_document
from shared.domain.letter_versions import Exclusion, LetterVersion, OfficeGroup
from shared.domain.places import Chamber, Office
from shared.errors import CampaignFileError
from shared.rendering.letters import Author, author_to, preview_letter
from shared.services.campaign_files import format_campaign, parse_campaign

HOUSE = Office(1, Chamber.LOWER, "1st Suffolk", "sldl:1", "Representative", 1, "Ana Lee", party="Democratic")
SENATE = Office(2, Chamber.UPPER, "Norfolk", "sldu:2", "Senator", 2, "Bo Ray", party="Republican")
ALL = LetterVersion("all", "Please act", "Dear {{recipient_name}},\n\nPlease act.")
BASE = Campaign("c", "T", "H", (ALL,))


def version(name: str, **audience: tuple[str, ...]) -> LetterVersion:
    return replace(ALL, name=name, **audience)  # type: ignore[arg-type]


def test_the_first_version_that_fits_is_used() -> None:
    versions = (version("reps", parties=("republican",)), version("senate", chambers=(Chamber.UPPER,)), ALL)
    campaign = replace(BASE, versions=versions)
    assert campaign.version_for_office(SENATE).name == "reps"
    assert campaign.version_for_office(replace(SENATE, party="")).name == "senate"
    assert campaign.version_for_office(HOUSE).name == "all"
    turned = replace(campaign, versions=versions[::-1])
    assert turned.version_for_office(SENATE).name == "all"


def test_every_kind_that_is_named_must_fit_and_groups_count_with_single_offices() -> None:
    groups = (OfficeGroup("Ways and Means", ("sldl:1",)),)
    campaign = replace(BASE, groups=groups, versions=(version("chair", groups=("Ways and Means",)), ALL))
    assert campaign.version_for_office(HOUSE).name == "chair"
    assert campaign.version_for_office(SENATE).name == "all"
    both = version("both", groups=("Ways and Means",), offices=("sldu:2",))
    assert replace(campaign, versions=(both, ALL)).version_for_office(SENATE).name == "both"
    narrow = replace(both, parties=("Democratic",))
    assert replace(campaign, versions=(narrow, ALL)).version_for_office(SENATE).name == "all"


def test_who_is_thanked_is_not_asked_and_who_is_left_out_gets_a_reason() -> None:
    thanks = version("thanks")
    exclusions = (Exclusion(thanks="thanks", offices=("sldl:1",)), Exclusion("Already a sponsor.", offices=("sldu:2",)))
    campaign = replace(BASE, versions=(thanks, ALL), exclusions=exclusions)
    assert campaign.version_for_office(HOUSE).name == "thanks"
    assert campaign.why_left_out(HOUSE) is None
    assert campaign.why_left_out(SENATE) == "Already a sponsor."
    # Nobody else gets the thanks, although it stands first and names nobody.
    assert campaign.version_for_office(replace(HOUSE, ocd_id="sldl:9")).name == "all"
    assert campaign.version_for_office(None).name == "all"
    assert replace(BASE, exclusions=(Exclusion("nobody"),)).why_left_out(HOUSE) is None


def test_what_a_supporter_edited_does_not_reach_the_thanked() -> None:
    thanked = Exclusion(thanks="thanks", offices=("sldl:1",))
    campaign = replace(BASE, versions=(version("thanks"), ALL), exclusions=(thanked,))
    author = Author("J", "j@example.org", "here", edited_body="Please act at once.")
    assert author_to(campaign, author, HOUSE, [HOUSE, SENATE]).edited_body is None
    assert author_to(campaign, author, SENATE, [HOUSE, SENATE]).edited_body == "Please act at once."
    assert author_to(campaign, author, HOUSE, [HOUSE]).edited_body == "Please act at once."


def test_files_and_documents_read_back_the_same() -> None:
    campaign = replace(
        BASE,
        versions=(version("reps", parties=("Republican",), groups=("G",), offices=("sldu:2",)), version("thanks"), ALL),
        groups=(OfficeGroup("G", ("sldl:1", "sldu:2")),),
        exclusions=(Exclusion("Sponsors.", parties=("Green",)), Exclusion(thanks="thanks", groups=("G",))),
    )
    assert parse_campaign(format_campaign(campaign), name="c.md") == campaign
    assert from_document(to_document(campaign)) == campaign


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ('[[exclusions]]\noffices = ["a"]', "needs a reason"),
        ('[[exclusions]]\nreason = "Sponsor."', "names whom"),
        ('[[exclusions]]\nthanks = "none"\noffices = ["a"]', "no version 'none'"),
        ('[[exclusions]]\nreason = "x"\ngroups = ["G"]', "no group 'G'"),
        ('[[groups]]\noffices = ["a"]', "name of its own"),
        ("[[groups]]\nname = 'G'\noffices = 'a'", "list of texts"),
        ("exclusions = 3", "are tables"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(head: str, words: str) -> None:
    text = f'+++\nslug = "c"\ntitle = "T"\nhost = "H"\nsubject = "s"\n{head}\n+++\n<!-- letter -->\nDear you,\n\nhi\n'
    with pytest.raises(CampaignFileError, match=words):
        parse_campaign(text, name="c.md")


@pytest.mark.parametrize(
    ("versions", "shown"),
    [
        ((version("named", offices=("sldl:1", "sldu:2")), ALL), "all"),
        ((version("republicans", parties=("Republican",)), version("senate", chambers=(Chamber.UPPER,)), ALL), "all"),
        ((version("chair", groups=("Ways and Means",)), version("both", chambers=tuple(Chamber))), "both"),
        ((version("house", chambers=(Chamber.LOWER,)), version("senate", chambers=(Chamber.UPPER,))), None),
        ((version("one", offices=("sldl:1",)),), None),
    ],
)
def test_while_no_office_is_known_the_letter_is_the_one_for_everybody(
    versions: tuple[LetterVersion, ...], shown: str | None
) -> None:
    campaign = replace(BASE, versions=tuple(replace(one, body=f"Dear you,\n\nI am {one.name}.") for one in versions))
    everybody = campaign.version_for_everybody
    assert (everybody and everybody.name) == shown
    preview = preview_letter(campaign, Author("Jamie", "jamie@example.org", "12 Maple Street"), None)
    assert f"I am {shown}." in preview.html if shown else not preview.html


def test_a_letter_of_thanks_is_never_the_one_for_everybody() -> None:
    thanked = Exclusion(thanks="thanks", offices=("sldl:1",))
    campaign = replace(BASE, versions=(version("thanks"), ALL), exclusions=(thanked,))
    assert campaign.version_for_everybody is ALL
