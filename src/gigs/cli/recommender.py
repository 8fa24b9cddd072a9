"""`gigs recommender`: recommenders that others trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gigs.cli.console import output
from gigs.errors import InputError

if TYPE_CHECKING:
    from gigs.recommender import Recommender

app = typer.Typer(help="Use recommenders that others trained.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Use recommenders that others trained."""


@app.command("convert")
def convert_command(
    source: Path = typer.Argument(
        ...,
        metavar="SOURCE",
        help="An .npz file of factors, or a VBPR saved by cornac's save() (the .pkl file or its folder).",
    ),
    out: Path = typer.Option(..., "--out", "-o", help="File to write, such as vbpr.safetensors."),
    backbone: str = typer.Option(
        None, help="For VBPR: the network whose features it was trained on, such as timm:resnet50."
    ),
    features: str = typer.Option(
        None, help="For user vectors: name of the feature function (entry point gigs.features)."
    ),
    scorer: str = typer.Option(
        None, help="For user vectors: name of a scorer that is not linear (entry point gigs.scorers)."
    ),
    users: Path = typer.Option(None, help="File with the users' ids, one per line, in the order of the factors' rows."),
    item_features: Path = typer.Option(
        None, help="For VBPR: the features it was trained on, an .npy file or a folder of them."
    ),
    scaling: str = typer.Option(
        "none",
        help="For VBPR: how these features were scaled: max (Elliot), minmax (cornac's normalized=True) or none.",
    ),
    input_size: int = typer.Option(224, help="Side in pixels of the pictures that the network takes."),
) -> None:
    """Convert a recommender to the file that every --recommender option of gigs accepts.

    For a VBPR of cornac or Elliot, the file holds Tu, E and Bp; give --backbone. For a model of your own, it holds
    user_factors; give --features, the name of a function from pictures to features. For more, see
    docs/reference/recommenders.md.

    Examples:

      gigs recommender convert saved/VBPR --backbone timm:resnet50.a1_in1k --item-features features.npy --scaling minmax
      --out vbpr.safetensors

      gigs recommender convert vectors.npz --features acme-tower --input-size 224 --out tower.safetensors
    """
    from gigs.io import storage
    from gigs.recommender.models import imported

    factors = imported.read_factors(source)
    if (backbone is None) == (features is None):
        raise InputError("give either --backbone (for a VBPR's factors) or --features (for user vectors)")
    ids = imported.user_ids_of(factors, users)
    needed, option = ("Tu", "--backbone") if features is None else (imported.VECTORS, "--features")
    if needed not in factors:
        raise InputError(f"{source}: holds no {needed}; {option} needs it")
    model: Recommender
    if features is not None:
        model = imported.callable_from_factors(
            factors, features=features, input_size=input_size, user_ids=ids, scorer=scorer
        )
    else:
        own = None if item_features is None else imported.read_features(item_features)
        model = imported.vbpr_from_factors(
            factors, backbone=backbone, input_size=input_size, user_ids=ids,
            scaling=imported.FeatureScaling(scaling, own),
        )  # fmt: skip
    digest = storage.sha256_of(source) if source.is_file() else None
    model.about = {"converted_from": {"file": source.name, "sha256": digest}}
    model.save(out)
    _explain(model, out)


def _explain(model: Recommender, out: Path) -> None:
    """Print what was written, and the next command."""
    output.print(
        f"{out}: {model.kind}, {len(model.user_ids)} users, K={model.feature_count}. "
        f"Next: gigs suggest photo.jpg --recommender {out} --audience everyone --out out",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip
