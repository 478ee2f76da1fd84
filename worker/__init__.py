"""The Celery side: queue concerns only, every task calls one service. Never imports `web`."""
