"""The color and the logo of a campaign as pages name them. The policy of pages allows styles in files only."""

from hashlib import sha256

from flask import Flask, url_for

from shared.domain.campaigns import Campaign
from shared.domain.colors import palette_of

# web/static/public.css has it first.
_OWN_BRAND = "#0b5563"


def install(app: Flask) -> None:
    """Adds the functions for templates."""
    app.jinja_env.globals.update(theme_link=theme_link, theme_color=theme_color, logo_link=logo_link)


def stylesheet(color: str) -> str:
    """What public.css begins with, for this color."""
    shades = palette_of(color)
    return f":root{{--brand:{shades.brand};--brand-2:{shades.deep};--tint:{shades.tint};--pale:{shades.pale}}}\n"


def stylesheet_version(color: str) -> str:
    """Changes with the stylesheet."""
    return sha256(stylesheet(color).encode()).hexdigest()[:10]


def theme_link(campaign: Campaign) -> str:
    """Where the stylesheet of the campaign's color is."""
    return url_for("public.theme", digits=campaign.color.removeprefix("#"), v=stylesheet_version(campaign.color))


def theme_color(campaign: Campaign | None) -> str:
    """What a phone's browser is painted with around the page."""
    return palette_of(campaign.color).brand if campaign and campaign.color else _OWN_BRAND


def logo_link(campaign: Campaign) -> str:
    """Where the logo is, which the campaign has."""
    return url_for("public.logo", slug=campaign.slug, v=campaign.logo.version if campaign.logo else "")
