"""A bench of small real networks on the tiny shop: enough to run whole tables in seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from gigs.experiments.buyers import Eye
from gigs.experiments.protocol import get_protocol
from gigs.experiments.settings import ExperimentSettings
from gigs.experiments.setup import Bench, Parts, load_bench
from gigs.method.presets import get_preset
from gigs.recommender import DVBPR
from gigs.session import OwnModels
from tests.helpers.small_models import small_recommender, write_small_pack

SETTINGS = ExperimentSettings(
    items=3, methods=("gradient",), counts=(1, 3), radii=(0.1, 0.4),
    segments={"upper": 'type == "T-shirt"', "trousers": 'type == "Trousers"'},
)  # fmt: skip


def write_recommender(path: Path, users: list[str]) -> Path:
    """A small DVBPR that knows these users."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = DVBPR(factors=6, hidden=32, width=0.1, input_size=64, user_ids=users)
        for parameter in model.parameters():
            parameter.data.normal_(0, 0.08)
    model.freeze().save(path)
    return path


def small_bench(folder: Path, catalogue, *, protocol: str = "honest", settings=SETTINGS, steps: int = 2) -> Bench:
    """Everything loaded from files, as the command does it."""
    pack = folder / "pack"
    if not (pack / "pack.json").is_file():
        write_small_pack(pack)
        write_recommender(folder / "target.safetensors", catalogue.users["user_id"].astype(str).tolist())
    parts = Parts(catalogue=catalogue.root, pack=str(pack), models=OwnModels(recommender=folder / "target.safetensors"))
    chosen = get_protocol(protocol)
    return load_bench(parts, chosen, get_preset("fast", n=3, steps=steps), settings, folder / "work")


def with_judges(bench: Bench) -> Bench:
    """The same with two judges that see otherwise."""
    target = bench.buyers.eyes[0]
    judges = []
    for seed in (1, 2):
        model = small_recommender(users=bench.buyers.count, seed=seed)
        items = torch.randn(20, model.feature_count, generator=torch.Generator().manual_seed(seed)).double()
        judges.append(Eye(f"judge-{seed}", "judge", model, model.user_factors.detach(), items, {}))
    return replace(bench, buyers=replace(bench.buyers, eyes=(target, *judges)))
