"""`gigs train`: recommenders, generators and encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gigs.bars import progress_bars
from gigs.cli.console import errors, output

app = typer.Typer(help="Train a recommender, a generator or an encoder on a catalogue.", no_args_is_help=True)
CATALOGUE = typer.Argument(..., metavar="CATALOGUE", help="Folder made by `gigs data import`.")
RESUME = typer.Option(False, "--resume", help="Go on from the folder's last checkpoint.")
DEVICE = typer.Option("auto", help="cpu, cuda, cuda:1, mps, or auto.")
WHERE = typer.Option("", help="Condition on items, such as 'group in [\"Shoes\"]'.")
BALANCE = typer.Option(
    "", help="Column of the item table, such as group: photos are drawn with 1/sqrt(how many share its value)."
)
RECONSTRUCTIONS = typer.Option(
    None,
    help="Pack, or folder of a run: learn from what its generator makes of the photos too, so that crossing into its "
    "domain moves no score.",
)
COMPILE = typer.Option(
    False,
    "--try-compile",
    help="Let the start-up probe time torch.compile too, and use it where it is faster "
    "(GIGS_COMPUTE=bf16,channels_last,compile decides by hand).",
)


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
    backbone: str = typer.Option(
        None,
        help="vbpr's frozen network: efficientnet-lite0, -lite1, vgg16, alexnet, or any of timm's as timm:NAME, such "
        "as timm:resnet50.a1_in1k (fetched by timm).",
    ),
    fold: int = typer.Option(
        None, min=0, help="Learn from one half of the buyers only (0 or 1), so that judges can learn from the other."
    ),
    reconstructions: str = RECONSTRUCTIONS,
    where: str = typer.Option("", help="With --reconstructions: condition on items that the generator is for."),
    seed: int = typer.Option(0, min=0, help="Of everything random."),
    device: str = DEVICE,
    resume: bool = RESUME,
) -> None:
    """Train a visual recommender by BPR (Eq. 2-4); the epoch with the best validation AUC is kept.

    Example: gigs train recommender data/hm --kind vbpr --image-size 64 --out runs/vbpr

    A target whose gains judges shall check learns from one half of the buyers, and from photos and their
    reconstructions alike: add --fold 0 --reconstructions hm-64 (then: gigs train judge --help).
    """
    from gigs.recommender import defaults_for

    given: dict[str, Any] = {
        "factors": factors, "input_size": input_size, "image_size": image_size, "epochs": epochs, "patience": patience,
        "batch_size": batch, "learning_rate": learning_rate, "theta_decay": theta_decay, "network_decay": network_decay,
        "sampling": sampling, "negatives": negatives, "include_held_out": include_held_out,
        "include_backbone": include_backbone, "bf16": bf16, "seed": seed, "users": users, "backbone": backbone,
        "fold": fold,
    }  # fmt: skip
    settings = defaults_for(kind, **{name: value for name, value in given.items() if value is not None})
    _train_scorer(catalogue, settings, out, reconstructions, where, device, resume)


@app.command("judge")
def train_judge_command(
    catalogue: Path = CATALOGUE,
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the model, its log and checkpoints."),
    reconstructions: str = typer.Option(
        "hm-64", help="Pack, or folder of a run, whose generator redraws the photos that the judge learns from too."
    ),
    where: str = typer.Option("", help="Condition on items that the generator is for."),
    backbone: str = typer.Option(
        "efficientnet-lite1", help="efficientnet-lite1, vgg16, alexnet ...: another network than the target's."
    ),
    fold: int = typer.Option(1, min=0, help="The half of the buyers that the target does not know (its --fold is 0)."),
    input_size: int = typer.Option(128, help="Side in pixels the network works at."),
    image_size: int = typer.Option(64, help="Side at which pictures are read: the generator's resolution."),
    seed: int = typer.Option(1, min=0, help="Another one than the target's."),
    device: str = DEVICE,
    resume: bool = RESUME,
) -> None:
    """Train a judge: a recommender that no redesign is ever optimised for, to say whether a gain is real.

    Other eyes, other buyers, another seed than the target; two or more go into a pack with `gigs pack scorers`.

      gigs train recommender data/hm --image-size 64 --fold 0 --reconstructions hm-64 --out runs/target

      gigs train judge data/hm --backbone efficientnet-lite1 --seed 1 --out runs/judge-lite1

      gigs train judge data/hm --backbone alexnet --seed 2 --out runs/judge-alexnet
    """
    from gigs.recommender import defaults_for

    settings = defaults_for(
        "vbpr", users="purchases", backbone=backbone, fold=fold, input_size=input_size, image_size=image_size, seed=seed
    )
    _train_scorer(catalogue, settings, out, reconstructions, where, device, resume)


def _train_scorer(
    catalogue: Path, settings: Any, out: Path, reconstructions: str | None, where: str, device: str, resume: bool
) -> None:
    """Train a recommender, with a second view of every item if that was asked for, and print its scores."""
    from gigs.compute import pick_device, probed
    from gigs.data.catalogue import Catalogue
    from gigs.packs.load import start_folder
    from gigs.recommender import train_recommender
    from gigs.recommender.views import reconstructions as redrawn

    opened, place = Catalogue.open(catalogue), pick_device(device)
    with progress_bars(errors) as on_step:
        views = []
        if reconstructions:
            root = start_folder(reconstructions)
            views = [redrawn(opened, root, where=where, compute=probed(place), on_step=on_step)]
        trained = train_recommender(
            opened, settings, out, on_step=on_step, resume=resume, device=place, extra_views=views
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
    family: str = typer.Option("progan", help="progan, or stylegan2 (mapping and synthesis network; spaces z, w, w+)."),
    loss: str = typer.Option("nonsaturating", help="nonsaturating, or wgan-gp as in Karras et al. and the paper."),
    resolution: int = typer.Option(64, help="Side in pixels, a power of two."),
    fmap_base: int = typer.Option(1536, help="Width of the networks; Karras et al. use 8192."),
    fmap_max: int = typer.Option(256, help="Widest layer; Karras et al. use 512."),
    grow: str = typer.Option("8:40000,16:80000,32:120000", help="Resolution:photos for every level below the top."),
    adversarial_after: int = typer.Option(380_000, min=0, help="Hybrid: photos after which the critic joins in."),
    critic: str = typer.Option(
        "pixels",
        help="pixels (a ProGAN critic) or projected (judges a frozen network's features, Sauer et al. 2021: quicker to "
        "sharp pictures; hybrid only, brings the hinge loss).",
    ),
    adversarial_weight: float = typer.Option(
        0.15,
        min=0,
        help="Hybrid: weight of the critic's loss; with the projected critic, its gradient at the pixels as a multiple "
        "of the reconstruction's.",
    ),
    noise: float = typer.Option(0.3, min=0, help="Hybrid: noise on encoded photos before they are redrawn."),
    balance: str = BALANCE,
    start_from: str = typer.Option(
        None, help="Bundled pack, folder of a pack, or folder of a run: train on from its generator and encoder."
    ),
    latent_weight: float = typer.Option(0.05, min=0, help="Hybrid: weight of keeping encoded photos normal."),
    augment: bool = typer.Option(
        None, help="Augment what the critic sees; on, except with wgan-gp (the paper's recipe)."
    ),
    batch: int = typer.Option(32, min=2, help="Photos a step."),
    learning_rate: float = typer.Option(2e-3, help="Of Adam."),
    compile_networks: bool = COMPILE,
    where: str = WHERE,
    seed: int = typer.Option(0, min=0, help="Of everything random."),
    device: str = DEVICE,
    resume: bool = RESUME,
) -> None:
    """Train a ProGAN or StyleGAN2, growing progressively; interrupt it as you like and go on with --resume.

    Examples:

      gigs train generator data/hm --start-from hm-64 --critic projected --adversarial-weight 1 --adversarial-after 0
      --images 1000000 --out runs/longer

      gigs train generator data/hm --where 'group in ["Shoes"]' --images 400000 --out runs/shoes

      gigs train generator data/hm --family stylegan2 --objective adversarial --resolution 32 --grow 8:20000,16:40000
      --images 300000 --out runs/stylegan2-32
    """
    from gigs.compute import chosen, pick_device
    from gigs.data.catalogue import Catalogue
    from gigs.generator.schedule import parse_growth
    from gigs.generator.settings import train_settings
    from gigs.generator.train import stored_compute, train_generator
    from gigs.packs.load import start_folder

    settings = train_settings(
        objective=objective, loss=loss, images=images, batch=batch, learning_rate=learning_rate, where=where, seed=seed,
        resolution=resolution, fmap_base=fmap_base, fmap_max=fmap_max, growth=parse_growth(grow, resolution),
        adversarial_after=adversarial_after, latent_weight=latent_weight, critic=critic, balance=balance,
        adversarial_weight=adversarial_weight, noise=noise, family=family,
        augment=augment,
    )  # fmt: skip
    compute = (stored_compute(out) if resume else None) or chosen(pick_device(device), allow_compile=compile_networks)
    output.print(f"computing with {compute.describe()}", highlight=False)
    with progress_bars(errors) as on_step:
        path = train_generator(
            Catalogue.open(catalogue), out, settings, compute, resume=resume, on_step=on_step,
            start_from=start_folder(start_from) if start_from else None,
        )  # fmt: skip
    output.print(f"{path}: {images:,} photos shown; samples in {out}", soft_wrap=True)


@app.command("encoder")
def train_encoder_command(
    catalogue: Path = CATALOGUE,
    generator: str = typer.Option(
        ..., "--generator", "-g", help="A generator's file, a bundled pack, or the folder of a pack or of a run."
    ),
    out: Path = typer.Option(..., "--out", "-o", help="A folder of its own for weights, checkpoints, grids and log."),
    start_from: str = typer.Option(
        None, help="An encoder's file, a bundled pack, or the folder of a pack or of a run: train on from its encoder."
    ),
    images: int = typer.Option(
        100_000, min=1, help="Pictures shown in all, half of them the generator's own; a resumed run's included."
    ),
    batch: int = typer.Option(32, min=2, help="Pictures a step."),
    learning_rate: float = typer.Option(1e-3, help="Of Adam, after a short rise; falls to 0 at the end."),
    latent_weight: float = typer.Option(
        0.1, min=0, help="Weight of finding a generated picture's own latent vector; 0 trains on photos only."
    ),
    fmap_base: int = typer.Option(None, min=1, help="Width of a new network, as for `gigs train generator`; 1536."),
    fmap_max: int = typer.Option(None, min=1, help="Widest layer of a new network; 256."),
    where: str = WHERE,
    balance: str = BALANCE,
    checkpoint_every: int = typer.Option(10_000, min=1, help="Pictures between checkpoints and their grids."),
    compile_networks: bool = COMPILE,
    seed: int = typer.Option(0, min=0, help="Of everything random."),
    device: str = DEVICE,
    resume: bool = RESUME,
) -> None:
    """Train an encoder, photo to latent vector, for any generator (in-domain inversion, Zhu et al. 2020).

    The generator stays as it is. Interrupt as you like and go on with --resume and the same options. Held-out photos
    tell, before and after, how near the reconstructions are: LPIPS (0 for equal pictures) and mean squared error.

    Examples:

      gigs train encoder data/hm --generator hm-64 --start-from hm-64 --images 40000 --out runs/encoder

      gigs train encoder data/hm --generator runs/shoes --where 'group in ["Shoes"]' --out runs/shoes-encoder
    """
    from gigs.compute import chosen, pick_device
    from gigs.data.catalogue import Catalogue
    from gigs.generator.base import load_generator
    from gigs.generator.train import stored_compute
    from gigs.inversion.train_encoder import EncoderSettings, held_out_figures, train_encoder

    settings = EncoderSettings(
        images=images, batch=batch, learning_rate=learning_rate, latent_weight=latent_weight, fmap_base=fmap_base,
        fmap_max=fmap_max, where=where, balance=balance, seed=seed, checkpoint_every=checkpoint_every,
    )  # fmt: skip
    generator_file = _weights_of(generator, "generator")
    compute = (stored_compute(out) if resume else None) or chosen(pick_device(device), allow_compile=compile_networks)
    output.print(f"computing with {compute.describe()}", highlight=False)
    with progress_bars(errors) as on_step:
        path = train_encoder(
            Catalogue.open(catalogue), load_generator(generator_file), out, settings, compute, resume=resume,
            start_from=_weights_of(start_from, "encoder") if start_from and not resume else None,
            generator_file=generator_file, on_step=on_step,
        )  # fmt: skip
    output.print(f"{path}: {images:,} pictures shown; reconstructions in {out}", soft_wrap=True)
    for figures in held_out_figures(path):
        lpips, mse = figures["lpips_vgg"], figures["mse"]
        output.print(
            f"  after {figures['images_shown']:,}: LPIPS (VGG16) {lpips['mean']:.3f} (median {lpips['median']:.3f}), "
            f"MSE {mse['mean']:.4f} (median {mse['median']:.4f}), n={figures['photos']} held-out photos",
            soft_wrap=True,
        )


def _weights_of(name: str, part: str) -> Path:
    """The file itself, or the `part` of a run's folder or of a pack (whose hashes are checked)."""
    from gigs.packs.load import start_folder

    path, file = Path(name), f"{part}.safetensors"
    if path.is_file():
        return path
    if (path / file).is_file() and not (path / "pack.json").is_file():
        return path / file
    return start_folder(name) / file
