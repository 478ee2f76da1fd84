"""Turns campaign, supporter and office into letters, emails and page HTML."""
