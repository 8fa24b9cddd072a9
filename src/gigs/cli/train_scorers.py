"""`gigs train recommender` and `gigs train judge`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from gigs.cli.console import errors, output, warn
from gigs.cli.progress_bars import progress_bars
from gigs.cli.train_options import ALIKE, CATALOGUE, DEVICE, RECONSTRUCTIONS, RESUME, columns_of
from gigs.cli.train_processes import PROCESSES, shared
from gigs.packs.names import DEFAULT

if TYPE_CHECKING:
    from gigs.recommender import TrainingSettings


def train_recommender_command(
    catalogue: Path = CATALOGUE,
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the model, its log and checkpoints."),
    kind: str = typer.Option(
        "vbpr", help="vbpr (frozen ImageNet features; minutes) or dvbpr (CNN from scratch; hours)."
    ),
    factors: int = typer.Option(
        None, "--factors", "-k", help="K, the number of factors. Default: 64 for vbpr, 100 for dvbpr."
    ),
    input_size: int = typer.Option(
        None, help="Side in pixels of the network's input. Default: 128 for vbpr, 224 for dvbpr."
    ),
    image_size: int = typer.Option(
        None,
        help="Side in pixels at which pictures are read before they are enlarged to the input size. Give your "
        "generator's resolution, so that photos and its pictures are comparable.",
    ),
    epochs: int = typer.Option(None, help="Largest number of epochs."),
    patience: int = typer.Option(None, help="Stop after this many epochs without a better validation AUC."),
    batch: int = typer.Option(None, help="Triplets per step."),
    learning_rate: float = typer.Option(None, help="Of Adam."),
    theta_decay: float = typer.Option(
        None, help="Regularisation of user factors (lambda of Eq. 3), for dvbpr, and for vbpr with --users free."
    ),
    network_decay: float = typer.Option(None, help="Regularisation of the network (lambda of Eq. 3)."),
    users: str = typer.Option(
        None,
        help="For vbpr: purchases (a user's vector is computed from their purchases; the default) or free (each "
        "user has a free vector, as in the papers).",
    ),
    sampling: str = typer.Option(None, help="Draw triplets by user or by pair."),
    negatives: str = typer.Option(None, help="Draw negatives from all items, or only from items that somebody bought."),
    within: float = typer.Option(
        None, help="Share of the negatives (0 to 1) that are of the same type and section as the bought item."
    ),
    alike: str = typer.Option("", help=ALIKE),
    include_held_out: bool = typer.Option(False, help="Also learn from products that generators never see."),
    include_backbone: bool = typer.Option(False, help="Save vbpr's frozen network in the file too (half precision)."),
    bf16: bool = typer.Option(False, help="Train dvbpr in bfloat16."),
    backbone: str = typer.Option(
        None,
        help="vbpr's frozen network: efficientnet-lite0, efficientnet-lite1, vgg16, alexnet, or timm:NAME for a "
        "network of timm, such as timm:resnet50.a1_in1k (downloaded by timm).",
    ),
    fold: int = typer.Option(
        None, min=0, help="Learn from one half of the buyers only (0 or 1), so that judges can learn from the other."
    ),
    reconstructions: str = RECONSTRUCTIONS,
    where: str = typer.Option("", help="With --reconstructions: condition on the items that the generator is for."),
    seed: int = typer.Option(0, min=0, help="Random seed."),
    device: str = DEVICE,
    processes: int = PROCESSES,
    resume: bool = RESUME,
) -> None:
    """Train a visual recommender by BPR (Eq. 2-4). The epoch with the best validation AUC is kept.

    Example: gigs train recommender data/hm --kind vbpr --image-size 64 --out runs/vbpr

    If judges shall check its gains, the recommender must learn from one half of the buyers, and from both photos and
    their reconstructions: add --fold 0 --reconstructions hm-128. Then see gigs train judge --help.
    """
    from gigs.recommender import defaults_for

    chosen = _given(
        factors=factors, input_size=input_size, image_size=image_size, epochs=epochs, patience=patience,
        batch_size=batch, learning_rate=learning_rate, theta_decay=theta_decay, network_decay=network_decay,
        sampling=sampling, negatives=negatives, include_held_out=include_held_out, include_backbone=include_backbone,
        bf16=bf16, seed=seed, users=users, backbone=backbone, fold=fold, within=within, alike=columns_of(alike),
    )  # fmt: skip
    settings, views = defaults_for(kind, **chosen), ViewSource(reconstructions, where)
    _train_scorer(catalogue, settings, out, views, device=shared(processes, device), resume=resume)


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given; the others keep the kind's default."""
    return {name: value for name, value in options.items() if value is not None}


def train_judge_command(
    catalogue: Path = CATALOGUE,
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the model, its log and checkpoints."),
    reconstructions: str = typer.Option(
        DEFAULT,
        help="Pack, or folder of a run. The judge also learns from its generator's reconstructions of the photos.",
    ),
    where: str = typer.Option("", help="Condition on the items that the generator is for."),
    backbone: str = typer.Option(
        "efficientnet-lite1", help="efficientnet-lite1, vgg16, alexnet, ...; use another network than the target's."
    ),
    fold: int = typer.Option(
        1,
        min=0,
        help="The half of the buyers to learn from: the half that the target does not know (if the target's is 0: "
        "1) or, with another backbone, the target's own.",
    ),
    input_size: int = typer.Option(128, help="Side in pixels of the network's input."),
    image_size: int = typer.Option(128, help="Side in pixels at which pictures are read: the generator's resolution."),
    seed: int = typer.Option(1, min=0, help="Random seed; use another one than the target's."),
    device: str = DEVICE,
    processes: int = PROCESSES,
    resume: bool = RESUME,
) -> None:
    """Train a judge: a recommender that no redesign is ever made for, to check whether a gain is real.

    A judge needs another backbone or other buyers than the target, and another seed. Put two or more into a pack with
    `gigs pack scorers`; add further ones with `gigs pack judges`.

      gigs train recommender data/hm --image-size 128 --fold 0 --reconstructions hm-128 --out runs/target

      gigs train judge data/hm --backbone efficientnet-lite1 --seed 1 --out runs/judge-lite1

      gigs train judge data/hm --backbone alexnet --seed 2 --out runs/judge-alexnet
    """
    from gigs.recommender import defaults_for

    settings = defaults_for(
        "vbpr", users="purchases", backbone=backbone, fold=fold, input_size=input_size, image_size=image_size, seed=seed
    )
    views = ViewSource(reconstructions, where)
    _train_scorer(catalogue, settings, out, views, device=shared(processes, device), resume=resume)


class ViewSource(NamedTuple):
    """Which generator redraws which photos.

    The source is a pack, or the folder of a run; without one, the model sees photos only.
    """

    reconstructions: str | None
    where: str


def _train_scorer(
    catalogue: Path, settings: TrainingSettings, out: Path, source: ViewSource, *, device: str, resume: bool
) -> None:
    """Train a recommender, with a second view of every item if the user asked for it, and print its scores."""
    from gigs.data.catalogue import Catalogue
    from gigs.inversion.catalogue_reconstructions import reconstructions as redrawn
    from gigs.packs.load import start_folder
    from gigs.recommender import ItemPictures, train_recommender
    from gigs.training.processes import here
    from gigs.vision.compute import pick_device, suited

    opened, place = Catalogue.open(catalogue), pick_device(device)
    with progress_bars(errors) as on_step:
        views = []
        if source.reconstructions:
            root = start_folder(source.reconstructions)
            with here().main_first():
                views = [redrawn(opened, root, where=source.where, compute=suited(place), on_step=on_step)]
        items = ItemPictures(opened, views)
        trained = train_recommender(items, settings, out, on_step=on_step, resume=resume, device=place)
    output.print(f"{trained.path}: the best of {trained.epochs} epochs was epoch {trained.best_epoch}", soft_wrap=True)
    for name, report in trained.metrics.items():
        auc = report["model"]["overall"]["auc"]
        if auc["value"] is not None:  # no item of its kind to compare with
            output.print(f"  {name}: AUC {auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}], n={auc['n']} users")
    warn(trained.doubt)
