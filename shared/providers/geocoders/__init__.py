"""Outside geocoders, one small adapter each. All are off until an organizer names them in DEARREP_GEOCODERS."""

from shared.providers.geocoders.base import Geocoder, Place
from shared.providers.geocoders.choice import choose_geocoders

__all__ = ["Geocoder", "Place", "choose_geocoders"]
