"""The organizers' form for one address."""

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Length


class LookupForm(FlaskForm):
    """An address as a supporter might type it; `jurisdiction` two letters."""

    street = StringField(validators=[Length(max=200)])
    city = StringField(validators=[Length(max=100)])
    zip = StringField(validators=[Length(max=10)])
    jurisdiction = StringField(validators=[Length(max=2)])
