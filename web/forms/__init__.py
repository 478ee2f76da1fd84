"""WTForms classes: they validate and carry the CSRF token. Templates write the HTML of the fields."""
