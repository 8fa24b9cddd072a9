"""`gigs suggest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gigs.cli.console import errors, output, saying, warn
from gigs.cli.progress_bars import progress_bars
from gigs.errors import InputError
from gigs.packs.names import DEFAULT

if TYPE_CHECKING:
    from gigs.result import Result

PHOTO = typer.Argument(None, metavar="PHOTO...", help="JPEG, PNG, WebP or AVIF photos, each of one product.")
AUDIENCE = typer.Option(
    "everyone",
    "--audience",
    "-a",
    help="Whom the redesigns are for: one of the pack's audiences (see `gigs audience list`), or a file from `gigs "
    "audience create`. With --catalogue, also whatever `gigs audience create --from` takes, such as 'age >= 18 "
    "and age < 30'. With --recommender: everyone, user:ID (with --min-audience 1), @FILE with one user id per "
    "line, or a condition.",
)
N = typer.Option(None, "--n", help="Redesigns per photo. Default: 8.")
PRESET = typer.Option(
    "fast",
    help="fast: the encoder's start and few steps; takes seconds. faithful: also tunes a copy of the generator to "
    "your photo, so that prints, buttons and cut stay; takes half a minute. preview: a draft. paper-text: "
    "Algorithm 1 as printed; takes minutes.",
)
CHANGE = typer.Option(
    0.5,
    help="How much may change, from 0 (change less) to 1 (improve more, as far as real items support it). 0.5 "
    "leaves the preset as it is.",
)
BUDGET = typer.Option(
    None,
    help="Largest visible difference between your photo and a redesign as it is shown, as an LPIPS distance: .05 "
    "can hardly be seen, .4 is another product. The report lists steps from less change to more gain, with the "
    "budget that each needs.",
)
PREVIEW = typer.Option(False, "--preview", help="Make a draft: short for --preset preview.")
FORCE = typer.Option(
    False, "--force", help="Continue with a photo that the gate refuses because the generator cannot redraw it."
)
STEPS = typer.Option(None, help="T, the number of steps of every loop. Default: the preset's (1000 for paper-text).")
SEED = typer.Option(0, help="Random seed. The same seed gives the same pictures (byte for byte on a CPU).")
OUT = typer.Option(
    Path("out"), "--out", "-o", help="Folder for the result. With several photos, it holds one folder per photo."
)
PACK = typer.Option(DEFAULT, help="Bundled pack, folder of a pack, or Hugging Face Hub id.")
EXAMPLE = typer.Option(None, help="Use the pack's example picture with this number instead of a photo.")
SAMPLE = typer.Option(
    False, "--sample", help="Use no photo: start from a design drawn at random (the paper's global mode)."
)
GENERATOR = typer.Option(None, help="Generator file to use instead of the pack's.")
RECOMMENDER = typer.Option(
    None, help="Recommender file to use instead of the pack's. If it holds users, other audiences are possible."
)
ENCODER = typer.Option(None, help="Encoder file that goes with --generator (`gigs train encoder`).")
CATALOGUE = typer.Option(None, help="Folder of a catalogue, for audiences that are defined by its users.")
SPACE = typer.Option(
    None,
    help="Latent space to search in: z, w or w+ (StyleGAN2), z or z+class (BigGAN). Default: the generator's own.",
)
CLASS = typer.Option(None, "--class", min=0, help="Number of the class to draw, if the generator knows classes.")
SIZE = typer.Option(
    None, help="Side in pixels, 32 to 1024, at which pictures are compared, scored and saved. The generator's pictures "
        "are scaled to it."
)  # fmt: skip
RESUME = typer.Option(
    False, "--resume", help="Continue in --out: keep complete results of the same request, and make the rest."
)
MIN_AUDIENCE = typer.Option(
    50, min=1, help="Smallest number of users in an audience. Smaller groups could expose individuals."
)
RENDER = typer.Option(
    None,
    help="photo: redesigns on your own photo, at its size (the default, except for paper-text). drawn: small "
    "squares as the generator draws them.",
)
KEEP = typer.Option(
    [], "--keep", help="What must not change: colour, shape or print. May be repeated. Only for redesigns on the photo."
)
KEEP_REGION = typer.Option(
    None,
    metavar="FILE|DIR",
    help="Mask of the photo's size, white where nothing may change, such as a logo or a model's face. With several "
    "photos, give a folder of masks named like them; a photo without a mask may change everywhere.",
)
MASK = typer.Option(
    None,
    metavar="FILE|DIR",
    help="Mask of the photo's size, white where the product is, if gigs does not find it. With several photos, give "
    "a folder of masks named like them (dress.png for dress.jpg); a photo without a mask is cut out as usual.",
)
TYPE = typer.Option(
    None,
    "--type",
    help="What the product is, such as Shirt, if the report takes it for something else. An unknown value lists the "
    "valid types.",
)
TYPES = typer.Option(
    None,
    "--types",
    metavar="TABLE",
    help="Types of many photos: your item table (CSV, TSV, JSON Lines or Parquet), whose rows name each photo's "
    "item or file, and its type.",
)
OBJECTIVE = typer.Option(
    "mean",
    help="What to raise: mean (the audience's mean score), worst-decile (the gain of the tenth that gains least) or "
    "coverage (the share of members who gain).",
)
VERIFY = typer.Option(True, help="Let independent judges check whether the gain is real. Takes a few seconds.")
RECALIBRATION = typer.Option(
    None,
    "--recalibration",
    metavar="FILE.json",
    help="File from `gigs results --summary --recalibration`, which corrects promised shares by the results of your "
    "own tests. Shares, verdicts and order then follow it.",
)
LANGUAGE = typer.Option(
    "en", "--language", help="Language of the pages, such as de or es. An unknown value lists the available ones."
)
DEVICE = typer.Option("cpu", help="cpu, cuda, cuda:1, mps, or auto.")


def suggest_command(
    photos: list[Path] = PHOTO,
    audience: str = AUDIENCE,
    n: int = N,
    preset: str = PRESET,
    preview: bool = PREVIEW,
    change: float = CHANGE,
    budget: float = BUDGET,
    steps: int = STEPS,
    seed: int = SEED,
    out: Path = OUT,
    pack: str = PACK,
    example: int = EXAMPLE,
    sample: bool = SAMPLE,
    generator: Path = GENERATOR,
    encoder: Path = ENCODER,
    recommender: Path = RECOMMENDER,
    catalogue: Path = CATALOGUE,
    space: str = SPACE,
    label: int = CLASS,
    size: int = SIZE,
    force: bool = FORCE,
    resume: bool = RESUME,
    min_audience: int = MIN_AUDIENCE,
    objective: str = OBJECTIVE,
    render: str = RENDER,
    keep: list[str] = KEEP,
    keep_region: Path = KEEP_REGION,
    mask: Path = MASK,
    kind: str = TYPE,
    types: Path = TYPES,
    verify: bool = VERIFY,
    recalibration: Path = RECALIBRATION,
    language: str = LANGUAGE,
    device: str = DEVICE,
) -> None:
    """Redesign products for an audience: from photos to distinct redesigns, scores and a report.

    Exit code 3 means that the gate refused a photo, or that no redesign of it shows a visible change. Other photos of
    the same call are done.

    Examples:

      gigs suggest --example 1 --out out

      gigs suggest shirt.jpg --audience women --out out

      gigs suggest shirt.jpg --type shirt --audience women --preset faithful --out out

      gigs suggest shirt.jpg --recommender runs/vbpr/recommender.safetensors --catalogue data/hm
      --audience 'age >= 18 and age < 30'
    """
    with saying("loading PyTorch, which takes a few seconds"):  # not at the top: --help should not wait for it
        from gigs.batch import Request, run
        from gigs.generator.use import Use
        from gigs.inversion.gate import RefusedError
        from gigs.method.options import Options, preset_of
        from gigs.method.presets import with_budget
        from gigs.session import OwnModels
        from gigs.verify.recalibration import Recalibration

    named = "preview" if preview else preset
    chosen = preset_of(named, n=n, steps=steps, change=change, objective=objective, render=render)
    request = Request(
        options=Options(
            preset=with_budget(chosen, budget), seed=checked_seed(seed), product_type=kind, verify=verify,
            force=force, keep=tuple(keep), keep_region=keep_region, mask=mask,
        ),
        photos=tuple(photos or ()), example=example, sample=sample, audience=audience, out=out, pack=pack,
        models=OwnModels(
            generator=generator, encoder=encoder, recommender=recommender, use=Use(space=space, label=label, size=size)
        ),
        catalogue=catalogue, types=types, resume=resume, min_audience=min_audience, device=device,
        recalibration=None if recalibration is None else Recalibration.read(recalibration), language=language,
    )  # fmt: skip
    with progress_bars(errors) as on_step:
        done = run(request, on_step)
    for folder, result in done.results:
        _print(folder, result)
    if done.refused:
        hint = " (--force continues anyway)" if any(one.by_gate for one in done.refused) else ""
        raise RefusedError("; ".join(map(str, done.refused)) + hint)


def _said(result: Result) -> str:
    """The judges' verdict on all redesigns together."""
    if result.verification is None:
        return "(promises nothing)" if result.doubt else "(not checked by independent judges)"
    believed, share = result.verification.verdict, result.verification.share
    if share is not None:
        return f"by the model that was optimised; independent judges, on the mean: {believed.verdict}, {share} buyers"
    return (
        f"by the model that was optimised; independent judges: {believed.verdict}, {believed.gain:+.2f} "
        f"[{believed.low:+.2f}, {believed.high:+.2f}] standard deviations of real items"
    )


def checked_seed(seed: int) -> int:
    """The seed, if it is valid."""
    if not 0 <= seed < 2**63:
        raise InputError(f"--seed must be from 0 to 2^63 - 1, not {seed}")
    return seed


def _print(folder: Path, result: Result) -> None:
    gains = [one.gain_vs_photo if result.photo else one.gain_vs_reconstruction for one in result]
    against = "the photo" if result.photo else "the sampled design"
    least, most = min(gain for gain in gains if gain is not None), max(gain for gain in gains if gain is not None)
    _say(
        f"{folder / 'report.html'}: {len(result)} redesigns for {result.audience.label} ({result.audience.users} "
        f"users), score gain over {against} {least:+.2f} to {most:+.2f} {_said(result)}, "
        f"{result.seconds['total']:.1f} s"
    )
    promised = result.audience.privacy
    if promised:
        line = f"  the audience is private: epsilon {promised['epsilon']:g}, delta {promised['delta']:g}"
        _say(f"{line}. {promised['scope']}")
    for caution in cautions(result):
        warn(f"{folder.name}: {caution}")
    warn(result.doubt)


def cautions(result: Result) -> list[str]:
    """Warnings about the photo, to read before its redesigns."""
    cutout = result.cutout and result.cutout.words
    from gigs.report.texts import kind_in_doubt

    kind = result.verification and kind_in_doubt(result.verification.category)
    return [said for said in (cutout, result.reconstruction.caution, kind) if said]


def _say(text: str) -> None:
    output.print(text, markup=False, highlight=False, soft_wrap=True)
