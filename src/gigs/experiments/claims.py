"""What the tables say about the paper's claims, in sentences made from the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gigs.experiments.paper import CLAIMS, LEVEL_FROM

Tables = Mapping[str, Mapping[str, Any]]
SURE = 0.05  # of a two-sided test
FEWEST = 10  # items; fewer answer nothing


def answers(tables: Tables) -> list[str]:
    """One paragraph a question, for the tables that are there.

    Args:
        tables: Described tables of one protocol by name.
    """
    sentences: list[str] = []
    if "table2" in tables:
        sentences += [_preference(tables["table2"]), *_diversity(tables["table2"])]
    if "table3" in tables:
        sentences.append(_items(tables["table3"]))
    if "table5" in tables:
        sentences += _levelling(tables["table5"])
    if "radius" in tables:
        sentences.append(_radius(tables["radius"]))
    return [*sentences, *_judges(tables)]


def _preference(table: Mapping[str, Any]) -> str:
    question = f"**Does the method beat the personalised baseline by {CLAIMS['preference']:.1%} in preference?** "
    one = _pair(table, "preference", "personalised")
    if one is None:
        return question + "Not measured: no baseline was given."
    text = question + _verdict(one, CLAIMS["preference"], "preference score")
    scorer = table["scorers"][0]["name"]
    for name, who in ((f"z:{scorer}", "in the target's standard deviations"), ("judges_z", "under the judges")):
        other = _pair(table, name, "personalised")
        if other is not None:
            text += f" {who[0].upper()}{who[1:]}: {_numbers(other)}."
    return text


def _diversity(table: Mapping[str, Any]) -> list[str]:
    sentences = []
    for baseline in ("personalised", "non-personalised"):
        one = _pair(table, "opposite_ssim_pairs", baseline)
        if one is not None:
            claim = f" by {CLAIMS['diversity']:.1%}" if baseline == "non-personalised" else ""
            question = f"**Are its pictures more different from one another than the {baseline} baseline's{claim}?** "
            words = _verdict(one, CLAIMS["diversity"] if claim else 0.0, "opposite SSIM among one user's pictures")
            sentences.append(question + words)
    return sentences


def _verdict(one: Mapping[str, Any], claim: float, what: str) -> str:
    """Yes or no, by the interval of the lead where there is one, and by the paired test."""
    lead, p = one["lead"], one["wilcoxon_p"]
    if one["n"] < FEWEST:
        return f"Too few items to say ({_numbers(one)})."
    clear = one["low"] > 0 or one["high"] < 0
    if not clear:
        return f"No difference is shown: {what} {_numbers(one)}."
    if one["high"] < 0:
        return f"No, the opposite: its {what} is lower, {_numbers(one)}."
    sure = "" if p is None or p < SURE else " (the rank test does not confirm it)"
    if lead["share"] is None:
        unsaid = "but its share cannot be given, because the baseline's mean is not clearly above 0"
        return f"It is ahead{sure}, {unsaid}. {_numbers(one)}."
    share = f"{lead['share']:+.1%} [{lead['low']:+.1%}, {lead['high']:+.1%}]"
    if lead["low"] >= claim:
        return f"Yes{sure}: {share}; {_numbers(one)}."
    if lead["high"] < claim:
        return f"It is ahead{sure}, but by less: {share}; {_numbers(one)}."
    return f"It is ahead{sure}, and the interval includes that share: {share}; {_numbers(one)}."


def _items(table: Mapping[str, Any]) -> str:
    """Unpreferred products gain more in the paper (7.31 against 5.64)."""
    parts = []
    for one in table["comparisons"]:
        if one["kind"] == "paired" and one["figure"] == "shift" and one["first_row"][0] != one["second_row"][0]:
            names = f"{one['first_row'][0]} minus {one['second_row'][0]} products, {one['first_row'][1]}"
            parts.append(f"{names}: {_numbers(one)}")
    return "**Do products that a user did not buy gain more than those they bought?** " + _sentence(parts)


def _levelling(table: Mapping[str, Any]) -> list[str]:
    sentences = []
    for one in table["comparisons"]:
        if one["kind"] != "slope" or one["slope"] is None or one["low"] is None:
            continue
        who = "target's gain" if one["figure"] == "shift" else "judges' gain"
        numbers = (
            f"{one['slope']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}] for ten times as many users, {one['n']} items"
        )
        rows = {row["cell"]: row for row in table["rows"] if row["method"] == one["method"]}
        first, last = str(one["counts"][0]), str(one["counts"][-1])
        name = one["figure"]
        level = (
            f"from {rows[first]['figures'][name]['mean']:.2f} at {first} users to "
            f"{rows[last]['figures'][name]['mean']:.2f} at {last}"
        )
        if one["n"] < FEWEST:
            words = "Too few items to say"
        elif one["low"] > 0 or one["high"] < 0:
            words = f"It does not level off within this range: it still {'rises' if one['low'] > 0 else 'falls'}"
        else:
            words = "As far as these items show, it levels off"
        sentences.append(
            f"**Is the {who} constant from {LEVEL_FROM} users on ({one['method']})?** {words}, {level}; {numbers}."
        )
    return sentences


def _radius(table: Mapping[str, Any]) -> str:
    """The largest epsilon that still keeps the category, and the judges' gain."""
    rows = [row for row in table["rows"] if "category_kept" in row["figures"]]
    if not rows:
        return "**Which radius?** No category classifier was available; see the plot."
    kept = [row for row in rows if row["figures"]["category_kept"]["mean"] >= 0.95]
    text = "**Which radius?** "
    if kept:
        text += f"Up to a radius of {kept[-1]['cell']}, at least 95% of the pictures keep their category"
    else:
        text += f"Even at {rows[0]['cell']}, less than 95% of the pictures keep their category"
    at = next((row for row in rows if row["cell"] == "0.4"), None)
    if at is not None:
        text += f"; at the paper's 0.4, {at['figures']['category_kept']['mean']:.1%} do"
    judged = [row for row in rows if "judges_gain" in row["figures"]]
    if judged:
        best = max(judged, key=lambda row: row["figures"]["judges_gain"]["mean"])
        one = best["figures"]["judges_gain"]
        text += (
            f". The judges' gain is largest at {best['cell']}: {one['mean']:+.2f} {_interval(one)} standard deviations"
        )
    return text + f" ({rows[0]['items']} photos)."


def _judges(tables: Tables) -> list[str]:
    """What remains of the target's gain under judges that took no part in it."""
    parts = []
    for name, table in tables.items():
        for row in table["rows"]:
            share = row.get("retained")
            if share and share["share"] is not None and name != "radius":
                gain = row["figures"]["judges_gain"]
                parts.append(
                    f"{name}, {row['cell']}, {row['method']}: {share['share']:.0%} [{share['low']:.0%}, "
                    f"{share['high']:.0%}], a gain of {gain['mean']:+.2f} {_interval(gain)} (n={row['items']})"
                )
    if not parts:
        return []
    return [
        "**What remains under the judges?** The share of the target's gain, and their own gain in standard deviations:",
        *(f"- {one}" for one in parts),
    ]


def _pair(table: Mapping[str, Any], figure: str, baseline: str) -> Mapping[str, Any] | None:
    for one in table["comparisons"]:
        if one["kind"] == "paired" and one["figure"] == figure and one["second_row"][0] == baseline:
            return one
    return None


def _numbers(one: Mapping[str, Any]) -> str:
    """Both means, their difference with its interval, the test, n."""
    text = f"{one['first']:.3f} against {one['second']:.3f}, difference {one['difference']:+.3f}"
    if one["low"] is not None:
        text += f" {_interval(one)}"
    p = one["wilcoxon_p"]
    if p is not None:
        text += f", Wilcoxon p {'< 0.0001' if p < 1e-4 else f'= {p:.4f}'}"
    return f"{text}, n={one['n']}"


def _interval(one: Mapping[str, Any]) -> str:
    return "" if one["low"] is None else f"[{one['low']:+.2f}, {one['high']:+.2f}]"


def _sentence(parts: list[str]) -> str:
    return ("; ".join(parts) + ".") if parts else "Not measured."
