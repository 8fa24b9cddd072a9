"""`gigs train`: recommenders and generators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gigs.bars import progress_bars
from gigs.cli.console import errors, output

app = typer.Typer(help="Train a recommender or a generator on a catalogue.", no_args_is_help=True)
CATALOGUE = typer.Argument(..., metavar="CATALOGUE", help="Folder made by `gigs data import`.")
RESUME = typer.Option(False, "--resume", help="Go on from the folder's last checkpoint.")
DEVICE = typer.Option("auto", help="cpu, cuda, cuda:1, mps, or auto.")


@app.command("recommender")
def train_recommender_command(
    catalogue: Path = CATALOGUE,
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the model, its log and checkpoints."),
    kind: str = typer.Option(
        "vbpr", help="vbpr (frozen ImageNet features; minutes) or dvbpr (CNN from scratch; hours)."
    ),
    factors: int = typer.Option(None, "--factors", "-k", help="K; 64 for vbpr, 100 for dvbpr."),
    input_size: int = typer.Option(None, help="Side in pixels the network works at; 128 for vbpr, 224 for dvbpr."),
    image_size: int = typer.Option(
        None,
        help="Side at which pictures are read before they are enlarged to the input "
        "size; give your generator's resolution, so that photos and its pictures compare.",
    ),
    epochs: int = typer.Option(None, help="At most so many epochs."),
    patience: int = typer.Option(None, help="Stop after so many epochs without a better validation AUC."),
    batch: int = typer.Option(None, help="Triplets a step."),
    learning_rate: float = typer.Option(None, help="Of Adam."),
    theta_decay: float = typer.Option(
        None, help="Regularisation of user factors (lambda of Eq. 3); dvbpr, and vbpr with --users free."
    ),
    network_decay: float = typer.Option(None, help="Regularisation of the network (lambda of Eq. 3)."),
    users: str = typer.Option(
        None,
        help="vbpr: purchases (a user is what they bought; the default) or free (a vector each, as in the papers).",
    ),
    sampling: str = typer.Option(None, help="Draw triplets by user or by pair."),
    negatives: str = typer.Option(None, help="Draw negatives from all items, or only from those bought by somebody."),
    include_held_out: bool = typer.Option(False, help="Also learn from products that generators never see."),
    include_backbone: bool = typer.Option(False, help="Save vbpr's frozen network in the file too (half precision)."),
    bf16: bool = typer.Option(False, help="Train dvbpr in bfloat16."),
    seed: int = typer.Option(0, min=0, help="Of everything random."),
    device: str = DEVICE,
    resume: bool = RESUME,
) -> None:
    """Train a visual recommender by BPR (Eq. 2-4); the epoch with the best validation AUC is kept.

    Example: gigs train recommender data/hm --kind vbpr --image-size 64 --out runs/vbpr
    """
    from gigs.compute import pick_device
    from gigs.data.catalogue import Catalogue
    from gigs.recommender import defaults_for, train_recommender

    given: dict[str, Any] = {
        "factors": factors, "input_size": input_size, "image_size": image_size, "epochs": epochs, "patience": patience,
        "batch_size": batch, "learning_rate": learning_rate, "theta_decay": theta_decay, "network_decay": network_decay,
        "sampling": sampling, "negatives": negatives, "include_held_out": include_held_out,
        "include_backbone": include_backbone, "bf16": bf16, "seed": seed, "users": users,
    }  # fmt: skip
    settings = defaults_for(kind, **{name: value for name, value in given.items() if value is not None})
    with progress_bars(errors) as on_step:
        trained = train_recommender(
            Catalogue.open(catalogue), settings, out, on_step=on_step, resume=resume, device=pick_device(device)
        )
    output.print(f"{trained.path}: best of {trained.epochs} epochs was epoch {trained.best_epoch}", soft_wrap=True)
    for name, report in trained.metrics.items():
        auc = report["model"]["overall"]["auc"]
        output.print(f"  {name}: AUC {auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}], n={auc['n']} users")


@app.command("generator")
def train_generator_command(
    catalogue: Path = CATALOGUE,
    out: Path = typer.Option(..., "--out", "-o", help="Folder for weights, checkpoints, grids and logs."),
    images: int = typer.Option(400_000, min=1, help="Photos shown in all, those of a resumed run included."),
    objective: str = typer.Option(
        "hybrid", help="hybrid (with an encoder; quickest to good pictures) or adversarial (the paper's recipe)."
    ),
    loss: str = typer.Option("nonsaturating", help="nonsaturating, or wgan-gp as in Karras et al. and the paper."),
    resolution: int = typer.Option(64, help="Side in pixels, a power of two."),
    fmap_base: int = typer.Option(1536, help="Width of the networks; Karras et al. use 8192."),
    fmap_max: int = typer.Option(256, help="Widest layer; Karras et al. use 512."),
    grow: str = typer.Option("8:40000,16:80000,32:120000", help="Resolution:photos for every level below the top."),
    adversarial_after: int = typer.Option(380_000, min=0, help="Hybrid: photos after which the critic joins in."),
    latent_weight: float = typer.Option(0.05, min=0, help="Hybrid: weight of keeping encoded photos normal."),
    augment: bool = typer.Option(
        None, help="Augment what the critic sees; on, except with wgan-gp (the paper's recipe)."
    ),
    batch: int = typer.Option(32, min=2, help="Photos a step."),
    learning_rate: float = typer.Option(2e-3, help="Of Adam."),
    compile_networks: bool = typer.Option(
        False, "--try-compile", help="Let the start-up probe time torch.compile too, and use it where it is faster."
    ),
    where: str = typer.Option("", help="Condition on items, such as 'group in [\"Shoes\"]'."),
    seed: int = typer.Option(0, min=0, help="Of everything random."),
    device: str = DEVICE,
    resume: bool = RESUME,
) -> None:
    """Train a ProGAN (Karras et al. 2017), growing progressively; interrupt it as you like and go on with --resume.

    Example: gigs train generator data/hm --where 'group in ["Shoes"]' --images 400000 --out runs/shoes
    """
    from gigs.compute import pick_device, probe
    from gigs.data.catalogue import Catalogue
    from gigs.generator.schedule import parse_growth
    from gigs.generator.settings import train_settings
    from gigs.generator.train import stored_compute, train_generator

    settings = train_settings(
        objective=objective, loss=loss, images=images, batch=batch, learning_rate=learning_rate, where=where, seed=seed,
        resolution=resolution, fmap_base=fmap_base, fmap_max=fmap_max, growth=parse_growth(grow, resolution),
        adversarial_after=adversarial_after, latent_weight=latent_weight,
        augment=augment,
    )  # fmt: skip
    compute = (stored_compute(out) if resume else None) or probe(pick_device(device), allow_compile=compile_networks)
    output.print(f"computing with {compute.describe()}", highlight=False)
    with progress_bars(errors) as on_step:
        path = train_generator(Catalogue.open(catalogue), out, settings, compute, resume=resume, on_step=on_step)
    output.print(f"{path}: {images:,} photos shown; samples in {out}", soft_wrap=True)
