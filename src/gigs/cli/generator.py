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
        help="The checkpoint as published: .pth, .pt, .bin, .pkl, .safetensors, or a diffusers folder.",
    ),
    out: Path = typer.Option(..., "--out", "-o", help="File to write, such as metfaces.safetensors."),
    resolution: int = typer.Option(
        None,
        help="Draw at this side in pixels, by a lower level of the network. Needed for a checkpoint from an earlier "
        "stage of progressive training, whose upper levels have learned nothing yet.",
    ),
    truncation: float = typer.Option(
        None, help="In (0, 1]: draw nearer to the mean, tidier and less varied (StyleGAN2, BigGAN); 1 if not given."
    ),
    ddim_steps: int = typer.Option(None, help="Steps of a diffusion model; 10 if not given. Each costs a pass."),
    sha256: str = typer.Option(None, "--sha256", help="Refuse the file unless this is its sha256."),
) -> None:
    """Convert a public checkpoint, once, to the file that --generator takes everywhere in gigs.

    Known kinds, told by what the file holds:

    pro_gan_pytorch (akanimax; package pro-gan-pth), versions 2 and 3: depth_10_epoch_42.bin, GAN_GEN_SHADOW_8.pth, or
    what its README links to.

    pytorch_GAN_zoo (facebookresearch), model PGAN: celebaHQ_s6_i80000-6196db68.pth and the others its hubconf.py names,
    or a checkpoint of its train.py.

    StyleGAN2: .pkl files of NVIDIA's stylegan2-ada-pytorch and stylegan3 repositories (their networks_stylegan2), and
    .pt files of rosinality's stylegan2-pytorch, or the decoder within an encoder's checkpoint (pSp, e4e).

    BigGAN: G_ema.pth of BigGAN-PyTorch, and BigGAN-deep's pytorch_model.bin of pytorch-pretrained-biggan.

    Diffusion: a folder of diffusers with an unconditional UNet2DModel, on pixels or with an autoencoder.

    Nothing in the file is executed: tensors and plain settings are read, and a file that names anything else is
    refused. docs/reference/checkpoints.md tells more.

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
