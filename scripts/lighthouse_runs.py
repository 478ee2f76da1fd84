"""One page under Lighthouse, as a phone on simulated slow 4G, and whether it reaches its goals."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

from scripts.local_site import CHROMIUM, FLAGS
from shared.paths import ROOT

OUT = ROOT / "var" / "lighthouse"
_VERSION = "12.8.2"
_ROUNDS = 3
_KINDS = ("Document", "Script", "Stylesheet")


@dataclass(frozen=True)
class Goals:
    """What every page of one kind has to reach. `code_kb` counts HTML, CSS and scripts as they are transferred."""

    performance: float
    code_kb: float
    accessibility: float = 1.0
    best_practices: float = 1.0
    lcp_ms: float = 1_500.0
    tbt_ms: float = 50.0
    cls: float = 0.02


@dataclass(frozen=True)
class Target:
    """A page, and what a browser has to send to be shown it."""

    name: str
    address: str
    headers: dict[str, str] = field(default_factory=dict)


def cookies_of(page: Page) -> dict[str, str]:
    """The header that shows whoever sends it what the browser of `page` may see."""
    return {"Cookie": "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())}


def measure(target: Target, goals: Goals) -> bool:
    """The middle of three runs, in one line; True when every goal is met."""
    OUT.mkdir(parents=True, exist_ok=True)
    reports = sorted((_run(target) for _ in range(_ROUNDS)), key=lambda report: _score(report, "performance"))
    return _tell(target.name, reports[_ROUNDS // 2], goals)


def _run(target: Target) -> dict[str, Any]:
    report = OUT / f"{target.name}.json"
    command = [
        *("npx", "--yes", f"lighthouse@{_VERSION}", target.address, "--quiet", "--output=json"),
        *(f"--output-path={report}", "--only-categories=performance,accessibility,best-practices"),
        f"--chrome-flags=--headless=new {' '.join(FLAGS)}",
        *((f"--extra-headers={json.dumps(target.headers)}",) if target.headers else ()),
    ]
    # On a busy machine the browser now and then comes too late for its own trace.
    for last in (False, True):
        run = subprocess.run(command, check=last, env=os.environ | {"CHROME_PATH": CHROMIUM}, stdout=subprocess.DEVNULL)
        if run.returncode == 0:
            break
    return dict(json.loads(report.read_text(encoding="utf-8")))


def _score(report: dict[str, Any], category: str) -> float:
    return float(report["categories"][category]["score"])


def _tell(name: str, report: dict[str, Any], goals: Goals) -> bool:
    scores = [_score(report, category) for category in ("performance", "accessibility", "best-practices")]
    audits = report["audits"]
    lcp, tbt, cls = (
        float(audits[one]["numericValue"])
        for one in ("largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
    )
    loaded = audits["network-requests"]["details"]["items"]
    code_kb = sum(one["transferSize"] for one in loaded if one.get("resourceType") in _KINDS) / 1024
    wanted = (goals.performance, goals.accessibility, goals.best_practices)
    is_met = all(score >= goal for score, goal in zip(scores, wanted, strict=True))
    is_met &= lcp <= goals.lcp_ms and tbt <= goals.tbt_ms and cls <= goals.cls and code_kb <= goals.code_kb
    shown = ", ".join(f"{score * 100:.0f}" for score in scores)
    print(
        f"{name:18} {shown:14}  LCP {lcp:4.0f} ms  TBT {tbt:3.0f} ms  CLS {cls:.3f}  code {code_kb:4.1f} KB"
        f"{'' if is_met else '  BELOW THE GOALS'}",
        flush=True,
    )
    return is_met
