"""What the bench prints: medians with quartiles, ratios, and paired differences with their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from gigs.method.presets import Preset, get_preset

FIGURES = ("lpips", "mse", "gain", "gain_vs_reconstruction", "positive", "judged_gain", "diversity", "peak_mb")
PAIRED = ("lpips", "gain", "judged_gain", "diversity")
STAGES = ("inversion", "tuning", "shifting", "verification", "total")


def summarise(runs: list[dict[str, Any]], presets: dict[str, Preset]) -> dict[str, Any]:
    """By preset: every figure's median and quartiles, seconds too, and seconds at the preset's full T."""
    found: dict[str, Any] = {}
    for name, preset in presets.items():
        rows = [row for row in runs if row["preset"] == name]
        stages = {stage: [row["seconds"].get(stage, 0.0) for row in rows] for stage in STAGES}
        about: dict[str, Any] = {"n": len(rows)}
        about["seconds"] = {stage: quartiles(values) for stage, values in stages.items()}
        about |= {figure: quartiles([row[figure] for row in rows]) for figure in FIGURES}
        factors = _factors(preset)
        about["extrapolated"] = any(factor != 1 for factor in factors.values())
        full = [sum(row["seconds"].get(stage, 0.0) * factors.get(stage, 1.0) for stage in STAGES[:-1]) for row in rows]
        about["seconds_full"] = quartiles(full)
        found[name] = about
    return found


def _factors(preset: Preset) -> dict[str, float]:
    """How many times longer each loop is in the preset as it stands than as it was run."""
    whole = get_preset(preset.name)
    loops = (("inversion", whole.inversion, preset.inversion), ("shifting", whole.shifting, preset.shifting))
    return {stage: full.steps / max(1, ran.steps) if full.steps else 1.0 for stage, full, ran in loops}


def paired(runs: list[dict[str, Any]], reference: str, seed: int = 0) -> dict[str, Any]:
    """By preset and figure: mean difference to the reference on the same photos, 95% bootstrap interval over photos."""
    by_photo = {name: {row["photo"]: row for row in runs if row["preset"] == name} for name in _names(runs)}
    rng, found = np.random.default_rng(seed), {}
    for name, rows in by_photo.items():
        shared = sorted(set(rows) & set(by_photo.get(reference, {})))
        if name == reference or not shared:
            continue
        found[name] = {"n": len(shared)}
        for figure in PAIRED:
            pairs = [(rows[photo][figure], by_photo[reference][photo][figure]) for photo in shared]
            values = np.array([one - other for one, other in pairs if one is not None and other is not None])
            if not len(values):
                continue
            means = values[rng.integers(0, len(values), (2000, len(values)))].mean(1)
            low, high = np.quantile(means, [0.025, 0.975])
            found[name][figure] = {"mean": float(values.mean()), "low": float(low), "high": float(high)}
    return found


def quartiles(values: list[float | None]) -> dict[str, float]:
    """Median and quartiles of what was measured; NaN where nothing was (gains of judges, in a pack without any)."""
    known = [value for value in values if value is not None] or [float("nan")]
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    return {"median": float(middle), "q25": float(low), "q75": float(high)}


def markdown(results: dict[str, Any]) -> str:
    """All tables as Markdown."""
    about, summary = results["about"], results["summary"]
    kind = "held-out photos" if about["held_out"] else "examples drawn by the generator itself"
    lines = [
        f"{about['photos']} {kind}, audience {about['audience']}, seed {about['seed']}, pack {about['pack']} "
        f"(generator {about['generator']}), {about['threads']} threads, probe: {_words(about['probe'])}. "
        "Median (quartiles).", "",
    ]  # fmt: skip
    columns = list(summary)
    lines += _row(["", *columns]), _row(["---"] * (len(columns) + 1))
    lines.append(_row(["photos", *(str(summary[name]["n"]) for name in columns)]))
    for stage in STAGES:
        lines.append(_row([f"seconds: {stage}", *(_spread(summary[name]["seconds"][stage], 2) for name in columns)]))
    full = [_spread(summary[name]["seconds_full"], 1) + _mark(summary[name]) for name in columns]
    lines.append(_row(["seconds at the preset's own T", *full]))
    slowest = summary.get("paper-text", {}).get("seconds_full", {}).get("median")
    if slowest:
        ratios = [f"{slowest / summary[name]['seconds_full']['median']:.1f}" for name in columns]
        lines.append(_row(["times faster than paper-text", *ratios]))
    for figure, digits in zip(FIGURES, (3, 4, 3, 3, 2, 2, 3, 0), strict=True):
        lines.append(_row([figure, *(_spread(summary[name][figure], digits) for name in columns)]))
    if any(summary[name]["extrapolated"] for name in columns):
        lines += [
            "",
            "\\* extrapolated in proportion to the steps of each loop; the other figures are of the shorter T.",
        ]
    lines += ["", "Differences to paper-text on the same photos, mean [95% bootstrap interval]:", ""]
    lines += _row(["", "n", *PAIRED]), _row(["---"] * (2 + len(PAIRED)))
    for name, figures in results["paired"].items():
        cells = [_interval(figures[figure]) if figure in figures else "-" for figure in PAIRED]
        lines.append(_row([name, str(figures["n"]), *cells]))
    if "audiences" in results:
        lines += ["", "Audiences, preset fast, one photo, best of 3:", "", _row(["users", "seconds", "ratio to one"])]
        lines.append(_row(["---"] * 3))
        for users, each in results["audiences"].items():
            lines.append(_row([users, f"{each['seconds']:.2f}", f"{each['ratio']:.2f}"]))
    return "\n".join(lines) + "\n"


def _names(runs: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["preset"] for row in runs))


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _spread(figures: dict[str, float], digits: int) -> str:
    return f"{figures['median']:.{digits}f} ({figures['q25']:.{digits}f} - {figures['q75']:.{digits}f})"


def _interval(figures: dict[str, float]) -> str:
    return f"{figures['mean']:+.3f} [{figures['low']:+.3f}, {figures['high']:+.3f}]"


def _mark(about: dict[str, Any]) -> str:
    return "\\*" if about["extrapolated"] else ""


def _words(compute: dict[str, Any]) -> str:
    return ", ".join(name for name in ("bf16", "channels_last") if compute[name]) or "fp32"
