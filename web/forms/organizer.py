"""The organizers' forms of a campaign: an update, and the corrected address of an office."""

from flask_wtf import FlaskForm
from wtforms import EmailField, StringField, TextAreaField

from shared.domain.updates import UpdateWords


class UpdateForm(FlaskForm):
    """A campaign update; the service says what is wrong with it. `action` is the button that was pressed."""

    organization = StringField()
    subject = StringField()
    body = TextAreaField()
    action = StringField()

    def words(self) -> UpdateWords:
        """What was typed, as a value."""
        return UpdateWords(self.organization.data or "", self.subject.data or "", self.body.data or "")


class SendForm(FlaskForm):
    """The last button; `mark` is that of the words beside it."""

    mark = StringField()


class StateForm(FlaskForm):
    """The button that changes a campaign's state; `seen` is the state that the page showed."""

    seen = StringField()


class OfficeAddressForm(FlaskForm):
    """The addresses of an office; the second one may be empty."""

    email = EmailField()
    second_email = EmailField()
