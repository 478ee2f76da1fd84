"""Threads that ask new district shapes at once; in a process of their own, because a fault there kills it."""

import subprocess
import sys

from shared.paths import ROOT

# Districts of many islands with fine coasts, asked for the first time by all threads at once.
_ASK = """
import threading
import shapely
from shared.domain.places import Chamber
from shared.services.lookup.district_index import DistrictIndex

ISLANDS = [(-71.0 + x / 10, 42.0 + y / 10) for x in range(6) for y in range(6)]
coast = [shapely.Point(lon, lat).buffer(0.04, quad_segs=500) for lon, lat in ISLANDS]
districts = [(Chamber.LOWER, str(n), shapely.to_wkb(shapely.MultiPolygon(coast[n::4]))) for n in range(4)]
for _ in range(30):
    index, start = DistrictIndex(districts), threading.Barrier(4)
    def ask():
        start.wait()
        for n, (lon, lat) in enumerate(ISLANDS):
            assert index.at(lat, lon, [Chamber.LOWER]) == {Chamber.LOWER: (str(n % 4),)}
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_new_shapes_are_asked_by_many_threads_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ASK], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
