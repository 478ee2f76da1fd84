"""The same engines on one machine without Docker: embedded PostgreSQL, broker, mailbox and supervisor."""
