"""The page of one result: self-contained HTML, readable by a seller, printable."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape


def render_page(folder: Path, result: dict[str, Any]) -> str:
    """Render `report.html` from what goes into `result.json` and the pictures beside it."""
    environment = Environment(loader=PackageLoader("gigs.report"), autoescape=select_autoescape(), trim_blocks=True)
    environment.filters["picture"] = lambda name: _inline(folder / name)
    environment.filters["percent"] = lambda share: f"{100 * share:.0f}%"
    environment.globals["place"] = judges_place
    return environment.get_template("report.html").render(result=result, summary=summary(result))


def summary(result: dict[str, Any]) -> str:
    """One sentence that a seller can act on, no stronger than what was measured."""
    if result["verified"]:
        return _verified(result)
    gains = [entry["gain_vs_photo"] for entry in result["suggestions"] if entry["gain_vs_photo"] is not None]
    if not gains:
        return f"{len(result['suggestions'])} designs drawn from scratch for this audience."
    better = sum(gain > 0 for gain in gains)
    return f"{better} of {len(gains)} redesigns score higher than your photo with this audience."


def _verified(result: dict[str, Any]) -> str:
    """The same, where judges have looked."""
    likely = sum(entry["believed"]["verdict"] == "likely" for entry in result["suggestions"])
    count = len(result["suggestions"])
    if result["verdict"]["verdict"] == "no promise":
        return str(result["verdict"]["words"])
    if likely == 0:
        return (
            f"None of the {count} redesigns is likely to be liked better than your photo; see below how sure that is."
        )
    return f"{likely} of {count} redesigns {'is' if likely == 1 else 'are'} likely to be liked better than your photo."


def judges_place(entry: dict[str, Any], judges: list[dict[str, Any]], which: str) -> float:
    """Mean over judges of the share of real items of the kind that stand below the photo or the redesign."""
    places = [entry["rank"][judge["name"]][which] for judge in judges]
    return sum(places) / len(places)


def _inline(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
