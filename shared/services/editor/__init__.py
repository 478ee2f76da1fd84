"""The campaign editor: drafts that save themselves, publishing, tests, and what must be green before."""
