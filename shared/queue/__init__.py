"""The doorbell: task and queue names, the Celery app, the ring. Messages carry no personal data."""
