"""PostgreSQL, the record: tables, migrations and the queries that services call."""
