"""The organizers' form for one address."""

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Length


class LookupForm(FlaskForm):
    """An address as a supporter might type it; `jurisdiction` two letters."""

    street = StringField(validators=[Length(max=200, message="A street address has 200 characters at most.")])
    city = StringField(validators=[Length(max=100, message="A city has 100 characters at most.")])
    zip = StringField(validators=[Length(max=10, message="A ZIP code has five digits.")])
    jurisdiction = StringField(validators=[Length(max=2)])
