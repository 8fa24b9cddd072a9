"""`gigs generator`: generators that others trained."""

from __future__ import annotations

from pathlib import Path

import typer

from gigs.cli.console import output

app = typer.Typer(help="Use generators that others trained.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Use generators that others trained."""


@app.command("convert")
def convert_command(
    source: Path = typer.Argument(
        ...,
        metavar="SOURCE",
        help="The published checkpoint: .pth, .pt, .bin, .pkl, .safetensors, or a diffusers folder.",
    ),
    out: Path = typer.Option(..., "--out", "-o", help="File to write, such as metfaces.safetensors."),
    resolution: int = typer.Option(
        None,
        help="Draw at this side in pixels, with a lower level of the network. Needed for a checkpoint from an early "
        "stage of progressive training, whose upper levels are still untrained.",
    ),
    truncation: float = typer.Option(
        None,
        help="From 0 to 1, without 0: smaller values draw tidier and less varied pictures (StyleGAN2, BigGAN). "
        "Default: 1.",
    ),
    ddim_steps: int = typer.Option(
        None, help="Steps of a diffusion model. Each costs one pass through the network. Default: 10."
    ),
    sha256: str = typer.Option(None, "--sha256", help="Refuse the file unless its SHA-256 is this one."),
) -> None:
    """Convert a public checkpoint to the file that every --generator option of gigs accepts.

    These kinds are known; gigs recognises them by what the file holds:

    pro_gan_pytorch (akanimax; package pro-gan-pth), versions 2 and 3: depth_10_epoch_42.bin, GAN_GEN_SHADOW_8.pth, or
    what its README links to.

    pytorch_GAN_zoo (facebookresearch), model PGAN: celebaHQ_s6_i80000-6196db68.pth and the others its hubconf.py names,
    or a checkpoint of its train.py.

    StyleGAN2: .pkl files of NVIDIA's stylegan2-ada-pytorch and stylegan3 repositories (their networks_stylegan2), and
    .pt files of rosinality's stylegan2-pytorch, or the decoder within an encoder's checkpoint (pSp, e4e).

    BigGAN: G_ema.pth of BigGAN-PyTorch, and BigGAN-deep's pytorch_model.bin of pytorch-pretrained-biggan.

    Diffusion: a folder of diffusers with an unconditional UNet2DModel, on pixels or with an autoencoder.

    Nothing in the file is executed. Only tensors and plain settings are read, and a file that names anything else is
    refused. For more, see docs/reference/checkpoints.md.

    Example:

      gigs generator convert depth_10_epoch_42.bin --out metfaces.safetensors
    """
    from gigs.generator.base import load_generator
    from gigs.generator.convert.checkpoints import convert_checkpoint

    generator = load_generator(
        convert_checkpoint(source, out, resolution=resolution, truncation=truncation, steps=ddim_steps, sha256=sha256)
    )
    classes = f", {generator.classes} classes" if generator.classes else ""
    output.print(
        f"{out}: {generator.family}, {generator.resolution} px, {generator.latent_dim} latent numbers, "
        f"spaces {', '.join(generator.spaces)}{classes}. "
        f"Next: gigs suggest --sample --generator {out}{' --class 0' if classes else ''} --recommender ...",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip
