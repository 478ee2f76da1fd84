"""The supporter's address in step 1, and buttons. Step 2 is in `web.forms.letter`."""

import re
from collections.abc import Callable

from flask_wtf import FlaskForm
from wtforms import EmailField, Field, HiddenField, StringField
from wtforms.validators import InputRequired, Optional, Regexp, StopValidation

from shared.domain.email_slips import likely_meant
from shared.domain.identities import EMAIL_MAX
from shared.domain.phrases import Phrase, phrase
from shared.domain.places import HomeAddress
from shared.domain.supporter_input import ADDRESS_MAX, NAME_MAX, SupporterDetails
from shared.domain.typed_text import clean_line

# With blanks around it.
_ZIP_MAX = 40
_ZIP = re.compile(r"^\s*[0-9]{5}(?:\s*(?:-\s*)?[0-9]{4})?\s*$")


def _required(words: Phrase, most: int) -> list[object]:
    return [InputRequired(words), _at_most(most)]


def _at_most(most: int) -> Callable[[FlaskForm, Field], None]:
    """The library's own check would turn the phrase into plain text."""

    def check(_form: FlaskForm, field: Field) -> None:
        if field.data and len(field.data) > most:
            # Later validators look into the text.
            raise StopValidation(phrase("This must be %(most)s characters or fewer", most=most))

    return check


class AddressFields(FlaskForm):
    """A home address within the campaign's state."""

    street = StringField(
        validators=_required(phrase("Enter your home street address with its number"), ADDRESS_MAX["street"])
    )
    unit = StringField(validators=[Optional(), _at_most(ADDRESS_MAX["unit"])])
    city = StringField(validators=_required(phrase("Enter your city or town"), ADDRESS_MAX["city"]))
    zip = StringField(
        validators=[
            Optional(),
            _at_most(_ZIP_MAX),
            Regexp(_ZIP, message=phrase("Enter a ZIP code with 5 digits, such as 01603")),
        ]
    )

    def address(self, us_state: str) -> HomeAddress:
        """What was typed, as a value."""
        return HomeAddress(
            self.street.data or "", self.city.data or "", us_state, self.zip.data or "", self.unit.data or ""
        )


class SupporterForm(AddressFields):
    """Step 1. The page is the same for everybody and carries no token; the view checks the origin."""

    class Meta:
        """No token: the page is cacheable."""

        csrf = False

    first_name = StringField(validators=_required(phrase("Enter your first name"), NAME_MAX))
    last_name = StringField(validators=_required(phrase("Enter your last name"), NAME_MAX))
    email = EmailField(validators=_required(phrase("Enter an email address in the form name@example.org"), EMAIL_MAX))
    # People don't see this field. Programs fill it in, and so do some browsers: the form comes back without it.
    website = HiddenField()
    # The address that was asked about, and the answer by the button that was pressed.
    asked = HiddenField()
    email_as = HiddenField()

    @property
    def is_doubted(self) -> bool:
        """True when the hidden field was filled in, so that the person is asked to press the button again."""
        return bool(self.website.data)

    def details(self) -> SupporterDetails:
        """What was typed, as a value; the state is the campaign's."""
        return SupporterDetails(
            self.first_name.data or "", self.last_name.data or "", self.email.data or "", self.address("")
        )

    def settle_email(self) -> str | None:
        """Takes the answer to the question about the address; returns what it may have been meant to be, once."""
        typed = clean_line(self.email.data or "")
        meant = likely_meant(typed)
        if meant is None or self.asked.data == typed:
            if meant and self.email_as.data == meant:
                self.email.data = meant
            return None
        return meant


class PlainForm(FlaskForm):
    """A button: nothing but the token."""
