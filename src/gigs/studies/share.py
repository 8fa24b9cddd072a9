"""What a gain is worth to buyers: a pack's judges tried on purchases that they never learned from.

Each buyer's choices are seen only by judges that were trained with other buyers. The map from gains to shares
(`verify.share_map`) is fitted on earlier purchases and checked on every buyer's last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import expit, log_expit

from gigs.data.catalogue import Catalogue
from gigs.data.choices import Choices, ChoiceSettings, read_choices
from gigs.errors import DataError, InputError
from gigs.io import storage
from gigs.metrics.figure import Figure, figure
from gigs.packs.audiences.buyers import Buyers, learned_from
from gigs.packs.audiences.segments import is_segment, members_by_rule
from gigs.packs.load import Pack
from gigs.packs.panel import ALL, eyes_of, half_of, is_of_its_half
from gigs.progress import OnStep, silent
from gigs.recommender.standing import is_weak
from gigs.verify.share_map import (
    LEAST_BUYERS,
    Differences,
    Estimate,
    ShareMap,
    as_by_all,
    fit_both,
    fit_slope,
    fit_weight,
    reliability_of,
    shrink,
)

EARLIER, LATER, LAST = ("train", "validation"), ("validation",), ("test",)
BINS = 8
Vectors = Mapping[str, np.ndarray]  # by judge: taste over spread, `[K]`, or `[users,K]` by row of the catalogue


@dataclass(frozen=True, kw_only=True)
class ShareSettings:
    """How the map is made and checked.

    Attributes:
        choices: How alternatives to purchases are drawn.
        single: Measure single shoppers too.
        seed: Of the bootstrap.
    """

    choices: ChoiceSettings = field(default_factory=lambda: ChoiceSettings(alternatives=5))
    single: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Checked:
    """How the shares that a map gives fare on choices it was not fitted on.

    Attributes:
        right: Share of pairs in which the bought item has the larger share.
        log_loss: Against that of "50 of 100" (ln 2); below 0 is better.
        brier: Against that of "50 of 100" (.25); below 0 is better.
        calibration_error: Mean distance of promised and found share over bins, in `[0,1]`.
        by_chance: What a map without any error would show there with as many choices.
        bins: Promised share, found share, and both ends of its interval, a row for each bin; of the picture with the
            larger share.
        buyers: How many.
        pairs: How many.
    """

    right: Figure
    log_loss: Figure
    brier: Figure
    calibration_error: float
    by_chance: float
    bins: tuple[tuple[float, ...], ...]
    buyers: int
    pairs: int


@dataclass(frozen=True)
class Named:
    """What naming an audience adds, on its members' last purchases.

    Attributes:
        members: Buyers with a choice.
        own: Share of pairs right by the audience's own taste.
        everybody: The same by everybody's.
        others: The same by the other audiences' tastes, on the mean.
        own_less_everybody: Paired.
        own_less_others: Paired.
        weight: How far its own taste counts, as it was fitted on earlier choices.
        shrunk: The same after empirical Bayes.
    """

    members: int
    own: Figure
    everybody: Figure
    others: Figure | None
    own_less_everybody: Figure
    own_less_others: Figure | None
    weight: Estimate
    shrunk: Estimate


@dataclass(frozen=True)
class ShareStudy:
    """A map and what was found of it.

    Attributes:
        map_: Fitted.
        everybody: Its check with the taste of all buyers.
        single: With the buyers' own tastes; None where not measured.
        audiences: What naming one adds, by name.
        by_judge: Share of pairs right by one judge alone.
    """

    map_: ShareMap
    everybody: Checked
    single: Checked | None
    audiences: dict[str, Named]
    by_judge: dict[str, Figure]

    def record(self) -> dict[str, Any]:
        """JSON-able."""
        found = asdict(self)
        return {"map": found.pop("map_")} | found


def study_share(
    pack: Pack, catalogue: Catalogue, settings: ShareSettings | None = None, *, on_step: OnStep = silent
) -> ShareStudy:
    """Fit a pack's map from gains to shares, and check it.

    Args:
        pack: With scorers; judges whose AUC reaches chance take no part.
        catalogue: With purchases; buyers whom every judge has learned from are left out.
        settings: How.
        on_step: Progress of the judges' look at the catalogue.

    Raises:
        InputError: The pack has no judge that is fit, or no audience of all buyers.
        DataError: Too few buyers are unknown to a judge.
    """
    settings = settings or ShareSettings()
    jury = Jury(pack, catalogue, on_step)
    earlier, later, last = (
        read_choices(catalogue, splits, jury.strangers, settings.choices) for splits in (EARLIER, LATER, LAST)
    )
    everybody = jury.vectors(ALL)
    slope = fit_slope(jury.mean_difference(earlier, everybody), earlier.users)
    d_last = jury.differences(last, everybody)
    audiences = _audiences(jury, (earlier, later, last), slope.value, settings.seed)
    shrunk, typical = shrink({name: one.weight for name, one in audiences.items()})
    single, checked = _single(jury, later, last, settings.seed) if settings.single else (None, None)
    map_ = ShareMap(
        slope=slope, reliability=reliability_of(jury.all_differences(earlier, everybody), jury.groups()),
        weights=shrunk, typical=typical,
        told_apart={name: (one.own_less_everybody.low or 0) > 0 for name, one in audiences.items()},
        single=single, about=_about(jury, earlier, settings),
    )  # fmt: skip
    return ShareStudy(
        map_,
        check(jury.mean_difference(last, everybody), last.users, slope.value, settings.seed),
        checked,
        {name: replace(one, shrunk=shrunk[name]) for name, one in audiences.items()},
        {name: _right(d_last[:, place], last.users, settings.seed) for place, name in enumerate(jury.names)},
    )


class Jury:
    """A pack's fit judges as they see a catalogue; each sees only buyers that it did not learn from."""

    def __init__(self, pack: Pack, catalogue: Catalogue, on_step: OnStep = silent) -> None:
        self.pack, self.catalogue = pack, catalogue
        self.buyers = Buyers(pack, catalogue, on_step)
        self.names = [name for name, one in pack.scorers.items() if one["role"] == "judge" and not is_weak(one["auc"])]
        if not self.names or ALL not in pack.audiences:
            raise InputError(f"pack {pack.name}: has no judge that is better than chance, or no audience `{ALL}`")
        rows = np.arange(len(catalogue.items))
        self.phi = {name: self.buyers.phi_of(name, rows).double().numpy() for name in self.names}
        ids = catalogue.users["user_id"].astype(str).to_numpy()
        self.unknown = np.stack([~learned_from(pack.scorers[name], ids) for name in self.names], axis=1)
        if not self.unknown.any():
            raise DataError(
                f"{catalogue.root}: every judge of the pack {pack.name} learned from all buyers; train judges on folds"
            )

    @property
    def strangers(self) -> np.ndarray:
        """Rows of the buyers whom at least one judge does not know."""
        return np.flatnonzero(self.unknown.any(1))

    def vectors(self, audience: str) -> Vectors:
        """An audience's taste by judge, in z for a unit of phi, `[K]`."""
        tastes = self.pack.tastes_of(audience)
        return {name: tastes[name].theta.double().numpy() / tastes[name].spread for name in self.names}

    def own_vectors(self, users: np.ndarray) -> Vectors:
        """The buyers' own tastes from their training purchases, by row of the catalogue; others are NaN."""
        ids = self.catalogue.users["user_id"].astype(str).to_numpy()
        found = {}
        for name in self.names:
            factors = self.buyers.factors(name, ids[users]).double().numpy()
            spread = (factors @ self.buyers.items[name].double().numpy().T).std(1, keepdims=True)
            found[name] = np.full((len(ids), factors.shape[1]), np.nan)
            found[name][users] = factors / np.maximum(spread, 1e-12)
        return found

    def differences(self, choices: Choices, vectors: Vectors) -> np.ndarray:
        """z of the bought item less z of the other, `[P,judges]`; NaN where a judge learned from the buyer."""
        return np.where(self.unknown[choices.users], self.all_differences(choices, vectors), np.nan)

    def all_differences(self, choices: Choices, vectors: Vectors) -> np.ndarray:
        """The same with what judges make of buyers that they learned from."""
        columns = []
        for name in self.names:
            change = self.phi[name][choices.bought] - self.phi[name][choices.other]
            taste = vectors[name]
            columns.append(change @ taste if taste.ndim == 1 else (change * taste[choices.users]).sum(1))
        return np.stack(columns, axis=1)

    def groups(self) -> list[tuple[str, str]]:
        """What each judge looks through, and the part of the buyers that it learned from."""
        eyes = eyes_of(self.pack)
        return [(eyes[name], half_of(self.pack.scorers[name])) for name in self.names]

    def mean_difference(self, choices: Choices, vectors: Vectors) -> np.ndarray:
        """The same by the mean over the judges that do not know the buyer, `[P]`, as far apart as by all judges.

        What is promised goes by the mean over all judges, of which each buyer's choices are seen by a part. Fewer
        judges see larger differences between the same pictures, and none that is worth more: the covariance with the
        choice is that of one judge, however many they are, so the slope goes with the inverse variance of their mean.
        """
        everything = self.all_differences(choices, vectors)
        return as_by_all(everything, self.unknown[choices.users])

    @cached_property
    def members(self) -> dict[str, np.ndarray]:
        """Rows of each named audience's members among the strangers."""
        place = {user: row for row, user in enumerate(self.catalogue.users["user_id"].astype(str))}
        found = {}
        for name, about in self.pack.audiences.items():
            if name != ALL:
                ids = members_by_rule(str(about["condition"]), self.buyers)
                found[name] = np.intersect1d([place[user] for user in ids], self.strangers)
        return found


def check(differences: np.ndarray, buyers: np.ndarray, slope: float, seed: int = 0) -> Checked:
    """How shares at a slope fare on choices.

    Args:
        differences: Bought less other, float64 `[P]`.
        buyers: int64 `[P]`; intervals resample them.
        slope: Of the map.
        seed: Of bootstrap and simulation.
    """
    chance = expit(slope * differences)
    rng = np.random.default_rng(seed)
    promised, found = np.maximum(chance, 1 - chance), _correct(differences)
    edges = np.quantile(promised, np.linspace(0, 1, BINS + 1)[1:-1])
    place = np.searchsorted(edges, promised, side="right")
    simulated = [_distance(promised, rng.random(len(promised)) < promised, place) for _ in range(200)]
    bins = []
    for number in np.unique(place):
        inside = place == number
        one = _by_buyer(found[inside], buyers[inside], seed)
        row = (promised[inside].mean(), one.mean, _end(one.low), _end(one.high))
        bins.append(tuple(round(float(value), 5) for value in row))
    return Checked(
        right=_right(differences, buyers, seed),
        log_loss=_by_buyer(-log_expit(slope * differences) - np.log(2), buyers, seed),
        brier=_by_buyer(np.square(1 - chance) - 0.25, buyers, seed),
        calibration_error=_distance(promised, found, place),
        by_chance=float(np.mean(simulated)),
        bins=tuple(bins),
        buyers=len(np.unique(buyers)),
        pairs=len(differences),
    )


def _audiences(jury: Jury, choices: tuple[Choices, Choices, Choices], slope: float, seed: int) -> dict[str, Named]:
    """By audience what naming it adds; its own taste's weight is not yet shrunk.

    Args:
        jury: With the audiences' members.
        choices: Of all earlier purchases, of the last of these alone, and of those kept back.
        slope: Of the map.
        seed: Of the bootstrap.
    """
    found, everybody = dict[str, Named](), jury.vectors(ALL)
    if slope <= 0:  # where everybody's taste is worth nothing, no audience can be told from it
        return found
    earlier, later, last = choices
    vectors = {name: jury.vectors(name) for name in jury.members}
    right_by = {name: _correct(jury.mean_difference(last, one)) for name, one in vectors.items()}
    right_by_all = _correct(jury.mean_difference(last, everybody))
    for name, members in jury.members.items():
        # Where members of a segment were read off training purchases, or a judge's taste is that of members whom it did
        # not learn from too, these purchases say nothing about it.
        about = jury.pack.audiences[name]
        apart = not is_segment(about) and all(is_of_its_half(about, judge) for judge in jury.names)
        fitted_on = (earlier if apart else later).of(members)
        inside = np.isin(last.users, members)
        buyers = last.users[inside]
        if min(len(np.unique(fitted_on.users)), len(np.unique(buyers))) < LEAST_BUYERS:
            continue
        weight = fit_weight(_differences(jury, fitted_on, everybody, vectors[name]), slope)
        own, all_buyers = right_by[name][inside], right_by_all[inside]
        foreign = [right[inside] for other, right in right_by.items() if other != name]
        others = np.mean(foreign, axis=0) if foreign else None
        found[name] = Named(
            members=len(np.unique(buyers)),
            own=_by_buyer(own, buyers, seed),
            everybody=_by_buyer(all_buyers, buyers, seed),
            others=None if others is None else _by_buyer(others, buyers, seed),
            own_less_everybody=_by_buyer(own - all_buyers, buyers, seed),
            own_less_others=None if others is None else _by_buyer(own - others, buyers, seed),
            weight=weight,
            shrunk=weight,
        )
    return found


def _single(jury: Jury, later: Choices, last: Choices, seed: int) -> tuple[tuple[Estimate, Estimate], Checked]:
    """Slope and weight for single shoppers, fitted on the purchase before the last; and their check on the last."""
    ids = jury.catalogue.users["user_id"].astype(str).to_numpy()
    known = set(jury.buyers.known(ids))
    users = np.array([row for row in jury.strangers if ids[row] in known])
    own, everybody = jury.own_vectors(users), jury.vectors(ALL)
    slope, weight = fit_both(_differences(jury, later.of(users), everybody, own))
    pairs = _differences(jury, last.of(users), everybody, own)
    return (slope, weight), check(pairs.mixed(weight.value), pairs.buyers, slope.value, seed)


def write_map(pack: Pack, map_: ShareMap) -> None:
    """Keep a map in a pack's `pack.json`; whoever calls this owns the folder (`folders.owned`)."""
    storage.write_json(pack.root / "pack.json", pack.info | {"share": map_.record()})


def _differences(jury: Jury, choices: Choices, everybody: Vectors, own: Vectors) -> Differences:
    return Differences(choices.users, *(jury.mean_difference(choices, one) for one in (everybody, own)))


def _about(jury: Jury, earlier: Choices, settings: ShareSettings) -> dict[str, Any]:
    return {
        "judges": list(jury.names),
        "buyers": len(np.unique(earlier.users)),
        "purchases": earlier.purchases,
        "pairs": len(earlier),
        "seed": settings.choices.seed,
        "kind": list(settings.choices.kind),
        "alternatives": settings.choices.alternatives,
        "days": earlier.days,
        "protocol": "each purchase but a buyer's last against others of the same kind that were on sale at the time "
        "and were left, seen by judges that did not learn from its buyer",
    }


def _correct(differences: np.ndarray) -> np.ndarray:
    """1 where the bought item is preferred, 0 where the other is, a half on a tie."""
    return (differences > 0) + 0.5 * (differences == 0)


def _right(differences: np.ndarray, buyers: np.ndarray, seed: int) -> Figure:
    seen = np.isfinite(differences)
    return _by_buyer(_correct(differences[seen]), buyers[seen], seed)


def _by_buyer(values: np.ndarray, buyers: np.ndarray, seed: int) -> Figure:
    """Mean over pairs; the interval resamples buyers."""
    order = np.argsort(buyers, kind="stable")
    starts = np.flatnonzero(np.diff(buyers[order])) + 1
    groups: Sequence[Sequence[float]] = np.split(values[order].astype(np.float64), starts)  # type: ignore[assignment]
    return figure(groups, seed=seed)


def _distance(promised: np.ndarray, found: np.ndarray, place: np.ndarray) -> float:
    """Expected calibration error over bins (Naeini et al. 2015)."""
    counts = np.bincount(place)
    gaps = np.abs(np.bincount(place, weights=promised) - np.bincount(place, weights=found.astype(np.float64)))
    return float(gaps.sum() / counts.sum())


def _end(value: float | None) -> float:
    return float("nan") if value is None else value
