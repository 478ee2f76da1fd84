"""The form of a change of an office; the service says what is wrong with it."""

from flask_wtf import FlaskForm
from wtforms import EmailField, StringField


class OfficeChangeForm(FlaskForm):
    """All fields that any kind of change has. `action` is the button that was pressed."""

    email = EmailField()
    second_email = EmailField()
    general_email = EmailField()
    name = StringField()
    party = StringField()
    on = StringField()
    reason = StringField()
    action = StringField()

    def typed(self) -> dict[str, str]:
        """What was typed, field by field; a field that the page did not have is not in it."""
        return {
            field.name: field.data or ""
            for field in self
            if field.raw_data and field.name not in ("action", "csrf_token")
        }
