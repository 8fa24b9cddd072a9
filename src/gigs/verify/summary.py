"""A study's records summed up in one table, with intervals and aims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gigs.verify.independence import others_of
from gigs.verify.verdict import JudgeGain, believe, calibrate

RESAMPLES = 2000


Eyes = Mapping[str, str]  # backbone by judge


def summarise(
    records: Sequence[dict[str, Any]], *, disagreement: float, eyes: Eyes | None = None, seed: int = 0
) -> dict[str, Any]:
    """Figures over all photos and audiences of a study; intervals resample photos (95%).

    Args:
        records: Records from `study`.
        disagreement: That of the pack's judges (`verdict.calibrate`), for the coverage of intervals.
        eyes: Backbone of each judge; its own if not listed.
        seed: Seed of the bootstrap.
    """
    done = [record for record in records if "gains" in record]
    summary: dict[str, Any] = {
        "photos": len({record["photo"] for record in records}),
        "audiences": sorted({record["audience"] for record in records}),
        "records": len(records),
        "refused_by_the_gate": len({record["photo"] for record in records if "gains" not in record}),
        "seed": seed,
    }
    if not done:
        return summary
    judges = list(done[0]["ceilings"])
    scorers = list(done[0]["gains"]["suggestions"])
    target = scorers[0]
    photos = np.array([record["photo"] for record in done])
    table: dict[str, Any] = {}
    for control in ("suggestions", "reconstruction", "random shifts", "pixel attack"):
        rows = [record for record in done if control in record["gains"]]
        if rows:
            of = np.array([record["photo"] for record in rows])
            gains = {name: np.array([np.mean(record["gains"][control][name]) for record in rows]) for name in scorers}
            table[control] = _line(gains, target, judges, of, seed) | {"records": len(rows)}
    near = {name: np.array([record["nearest_gain"][name] for record in done]) for name in scorers}
    table["nearest real item"] = _line(near, target, judges, photos, seed) | {"records": len(done)}
    ceilings = {name: float(np.mean([record["ceilings"][name] for record in done])) for name in judges}
    share = {name: table["suggestions"]["retained"][name] for name in judges}
    per_picture = [np.array([record["gains"]["suggestions"][name] for name in judges]) for record in done]
    with_target = [np.array([record["gains"]["suggestions"][name] for name in (target, *judges)]) for record in done]
    verdicts = [one["verdict"] for record in done for one in record["believed"]]
    return summary | {
        "pictures": len(verdicts),
        "table": table,
        "ceiling": ceilings,
        "retained_of_ceiling": {name: _ratio(share[name], ceilings[name]) for name in judges},
        "category_kept": float(np.mean([record["kept"] / len(record["believed"]) for record in done])),
        "positive_under_every_judge": float(np.mean(np.concatenate([(g > 0).all(0) for g in per_picture]))),
        "positive_under_target_and_judges": float(np.mean(np.concatenate([(g > 0).all(0) for g in with_target]))),
        "coverage": coverage(done, judges, disagreement, eyes),
        "verdicts": {name: verdicts.count(name) for name in sorted(set(verdicts))},
        "pairwise_lpips": float(np.mean([record["diversity"]["lpips"] or 0 for record in done])),
        "lpips_to_reconstruction": float(np.mean([record["lpips_to_reconstruction"] for record in done])),
        "rarity": float(np.mean([value for record in done for value in record["rarity"]])),
        "dropped": float(np.mean([record["dropped"] for record in done])),
    }


def disagreement_of(records: Sequence[dict[str, Any]], eyes: Eyes | None = None) -> float:
    """How far judges disagree about the mean gain of a photo's redesigns (`verdict.calibrate`)."""
    done = [record for record in records if "gains" in record]
    judges = list(done[0]["ceilings"])
    gains = np.array([[np.mean(record["gains"]["suggestions"][name]) for name in judges] for record in done])
    return calibrate(gains, _eyes(judges, eyes))


def _eyes(judges: Sequence[str], eyes: Eyes | None) -> list[str]:
    return [(eyes or {}).get(name, name) for name in judges]


def coverage(
    records: Sequence[dict[str, Any]], judges: Sequence[str], disagreement: float, eyes: Eyes | None = None
) -> dict[str, float]:
    """Share of photos whose interval, made without a judge and its backbone, covers the mean gain by that judge.

    If all other judges share its backbone, only the judge itself is left out.
    """
    hits: dict[str, list[bool]] = {name: [] for name in judges}
    own = _eyes(judges, eyes)
    beside = {
        name: [judges[other] for other in others_of(own, place)] or [other for other in judges if other != name]
        for place, name in enumerate(judges)
    }
    for record in records:
        mean = {name: float(np.mean(record["gains"]["suggestions"][name])) for name in judges}
        for left_out in judges:
            others = [JudgeGain(name, mean[name], record["errors"][name]) for name in beside[left_out]]
            said = believe(others, disagreement=disagreement)
            hits[left_out].append(said.low <= mean[left_out] <= said.high)
    return {name: float(np.mean(values)) for name, values in hits.items()}


def _line(
    gains: dict[str, np.ndarray], target: str, judges: Sequence[str], photos: np.ndarray, seed: int
) -> dict[str, Any]:
    """Mean gains with intervals, and the share of the target's gain that each judge retains."""
    means = {name: _interval(values, photos, seed) for name, values in gains.items()}
    return {
        "gain": means,
        "retained": {name: _ratio(means[name]["mean"], means[target]["mean"]) for name in judges},
    }


def _interval(values: np.ndarray, photos: np.ndarray, seed: int) -> dict[str, float]:
    """Mean, and percentile bootstrap over photos (more audiences are not more photos)."""
    unique, place = np.unique(photos, return_inverse=True)
    sums, counts = np.bincount(place, weights=values), np.bincount(place)
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(unique), (RESAMPLES, len(unique)))
    means = sums[draws].sum(1) / counts[draws].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return {"mean": float(values.mean()), "low": float(low), "high": float(high)}


def _ratio(part: float | None, whole: float) -> float | None:
    """None if the whole is negligible."""
    return None if part is None or abs(whole) < 0.05 else part / whole
