"""What a private audience loses, and what an attacker still learns of its members.

    python -m benchmarks.privacy --catalogue data/hm

Three figures, to OUT/privacy.json: the gain left of what the true taste would choose among real items, the cosine to
the true taste, and the AUC of membership attacks. `--photos 4` also redesigns held-out photos for the noisy taste.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from benchmarks.objectives import Bench
from benchmarks.private_tastes import Crowd, attack, chosen_gain, cosines, drawn_crowd, neighbourhoods, real_crowd
from gigs.data.catalogue import Catalogue
from gigs.io import storage
from gigs.packs.audiences.buyers import Buyers, audience_of_tastes
from gigs.packs.panel import gallery_of, panel_for
from gigs.session import Session
from gigs.verify.panel import Panel

errors = Console(stderr=True)


def main() -> None:
    """Parse options, measure, print, write."""
    options = parse()
    session = Session(options.pack)
    pack = session.pack
    buyers = Buyers(pack, Catalogue.open(options.catalogue))
    found: dict[str, Any] = {"seed": options.seed, "draws": options.draws, "products": options.products, "worth": []}
    places = neighbourhoods(gallery_of(pack), options.products, options.seed)
    for audience in options.audiences:
        panel = session.panel(pack.audience(audience))
        assert panel is not None, "the pack has no judges"
        drawn = drawn_crowd(pack, buyers, panel, options.users, options.seed)
        for kind, crowd in ((f"{options.users} drawn users", drawn), ("real", real_crowd(pack, buyers, audience))):
            rows = worth(crowd, panel, places, options)
            found["worth"] += [{"audience": audience, "kind": kind, "users": crowd.users, **row} for row in rows]
            for row in found["worth"][-len(rows) :]:
                print(row, flush=True)
    found["attack"] = membership(real_crowd(pack, buyers, "everyone"), session, options)
    if options.photos:
        found["redesigns"] = redesigns(session, buyers, options)
    storage.write_json(options.out / "privacy.json", found)


def parse() -> argparse.Namespace:
    """Options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--pack", default="hm-64")
    parser.add_argument("--audiences", nargs="+", default=["women", "men", "age-18-29", "everyone"])
    parser.add_argument("--users", type=int, default=1000, help="of the audiences drawn from a mean and a covariance")
    parser.add_argument("--epsilons", type=float, nargs="+", default=[0.5, 1.0, 3.0])
    parser.add_argument("--draws", type=int, default=20, help="of the noise")
    parser.add_argument("--products", type=int, default=200, help="real items in the place of a seller's product")
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200, 313], help="of the audiences under attack")
    parser.add_argument("--attacks", type=int, default=20, help="audiences of each size")
    parser.add_argument("--photos", type=int, default=0, help="held-out photos to redesign for the first audience")
    parser.add_argument("--skip", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("bench"))
    return parser.parse_args()


def worth(crowd: Crowd, panel: Panel, places: list[Any], options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row an epsilon, one for everybody's taste in the audience's place (what no information is worth)."""
    true, rng = crowd.plain(), torch.Generator().manual_seed(options.seed)
    whole = chosen_gain(places, crowd, panel, true, true)
    rows = [_row("everybody's taste", whole, [chosen_gain(places, crowd, panel, crowd.everybody, true)], [])]
    name = panel.target.name
    centre = crowd.everybody[name]
    for epsilon in options.epsilons:
        seen = [crowd.private(epsilon, rng) for _ in range(options.draws)]
        gains = [chosen_gain(places, crowd, panel, one, true) for one in seen]
        rows.append(_row(epsilon, whole, gains, [cosines(one[name], true[name], centre) for one in seen]))
    return rows


def _row(
    epsilon: Any, whole: tuple[float, float], gains: list[tuple[float, float]], cosine: list[tuple[float, float]]
) -> dict[str, Any]:
    shares = np.array(gains) / np.array(whole)
    row = {
        "epsilon": epsilon,
        "gain": round(whole[0], 3),
        "share_target": [round(float(value), 3) for value in (shares[:, 0].mean(), shares[:, 0].min())],
        "share_judges": [round(float(value), 3) for value in (shares[:, 1].mean(), shares[:, 1].min())],
    }
    return row | ({"cosine": np.mean(cosine, axis=0).round(3).tolist()} if cosine else {})


def membership(crowd: Crowd, session: Session, options: argparse.Namespace) -> list[dict[str, Any]]:
    """AUC of the attacks on random audiences of the target's buyers, without and with a promise."""
    panel = session.panel(session.pack.audience("everyone"))
    assert panel is not None
    targets, rows = [one.name for one in panel.targets], []
    for size in options.sizes:
        for epsilon in (None, *options.epsilons):
            rng = torch.Generator().manual_seed(options.seed)
            found = np.array([attack(crowd, targets, size, epsilon, rng) for _ in range(options.attacks)])
            names = ("along", "likelihood ratio")
            row = {name: [round(float(v), 3) for v in (part.mean(), part.std(ddof=1))]
                   for name, part in zip(names, found.T, strict=True)}  # fmt: skip
            rows.append({"size": size, "of": crowd.users, "epsilon": epsilon, **row})
            print(rows[-1], flush=True)
    return rows


def redesigns(session: Session, buyers: Buyers, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Held-out photos redesigned for the first audience, and for its noisy taste; gains under the true one."""
    pack, bench = session.pack, Bench(session, buyers.catalogue, options.photos, options.skip)
    crowd, rng = real_crowd(pack, buyers, options.audiences[0]), torch.Generator().manual_seed(options.seed)
    tastes = {"none": crowd.plain()} | {str(epsilon): crowd.private(epsilon, rng) for epsilon in options.epsilons}
    panels = {name: panel_for(pack, audience_of_tastes(pack, own, "asked-for")) for name, own in tastes.items()}
    rows: list[dict[str, Any]] = []
    for base in bench.reconstructions():
        for name, panel in panels.items():
            assert panel is not None, "the pack has no judges"
            rows.append({"epsilon": name, **bench.one(base, panel, "mean", told=panels["none"])})
            errors.print(rows[-1], highlight=False)
    return rows


if __name__ == "__main__":
    main()
