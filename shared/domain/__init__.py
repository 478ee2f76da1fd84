"""Plain Python rules: value objects, transition tables, arithmetic. No Flask, SQLAlchemy or Celery here."""
