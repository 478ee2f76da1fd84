"""What the live page of a campaign shows in pictures: letters over time, by district, and how sending is."""

from shared.services.pictures.counted import Counted, read_counted
from shared.services.pictures.districts import Chart as DistrictChart
from shared.services.pictures.districts import DistrictLine, read_chart, read_districts, silent_districts
from shared.services.pictures.flow import Flow, read_flow
from shared.services.pictures.health import HealthLine, read_health

__all__ = [
    "Counted",
    "DistrictChart",
    "DistrictLine",
    "Flow",
    "HealthLine",
    "read_chart",
    "read_counted",
    "read_districts",
    "read_flow",
    "read_health",
    "silent_districts",
]
