"""Where the checkout's own folders are, so that no other module counts parent directories."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
CAMPAIGNS = ROOT / "campaigns"
TRANSLATIONS = ROOT / "shared" / "translations"
MIGRATIONS = ROOT / "shared" / "db" / "migrations"
