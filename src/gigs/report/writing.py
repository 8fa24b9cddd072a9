"""Write one result into a folder: pictures first, `result.json` last, so that a folder with one is complete.

```
OUT/result.json            everything another program needs (docs/result.md)
OUT/report.html            the same for a person, self-contained
OUT/contact-sheet.png      all pictures on one page
OUT/photo.png              the photo as understood: upright, in its own aspect
OUT/reconstruction.png     what the generator makes of it
OUT/suggestion-1.png ...   the redesigns, best score first
OUT/change-1.png ...       where each changes the redrawn product: pale is the same, bright is another colour
OUT/nearest-1.png ...      each one's nearest real item, as the generator redraws it (where judges have looked)
OUT/raw/*.png              the same as squares at the generator's resolution, unscaled
```
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from gigs.audience import Audience
from gigs.explain.explanation import Explained, explain
from gigs.io import storage
from gigs.method.pipeline import Suggestions
from gigs.method.presets import Preset
from gigs.report.contact_sheet import contact_sheet
from gigs.report.page import render_page
from gigs.report.record import Origin, record_of
from gigs.vision.compute import Compute
from gigs.vision.images import Fit, save_png, unfit

CONCEPT = "Design concept, not a listing photo. Drawn by gigs (GAN inversion and guided shifting)."
DISPLAY_SIDE = 512
BESIDE_SIDE = 256
BESIDE = ("change", "nearest")  # pictures of each redesign beside its own


def write_result(
    out: Path, found: Suggestions, audience: Audience, preset: Preset, origin: Origin, *, seed: int, compute: Compute
) -> dict[str, Any]:
    """Write every file of one result; the one way to write a result.

    Every suggestion's `changes` says what it changes against the redrawn product, each claim checked against the photo:
    `words`, one plain sentence; `palette` with the colours `before` and `after` (name, hex, share), their mean distance
    `delta_e` and what `turns` into what; `lightness` and `vividness`; `attributes`, the probes' answers with their
    confidence where the pack has probes; `outline`; `where` it changes most; `not_sure`, attributes of which nothing is
    said; `map`, the file of a picture (`docs/result.md`).

    Returns:
        What went into `result.json`.
    """
    out.mkdir(parents=True, exist_ok=True)
    _clear(out)
    for name, (image, generated) in _pictures(found).items():
        note = CONCEPT if generated else None
        save_png(image, out / "raw" / f"{name}.png", note=note)
        save_png(_display(image, origin.fit), out / f"{name}.png", note=note)
    said = _explained(found)
    for name, image in _beside(found, said).items():
        save_png(_display(image, origin.fit, BESIDE_SIDE), out / f"{name}.png", note=CONCEPT)
    result = record_of(found, said, audience, preset, origin, seed, compute)
    storage.write_bytes(out / "contact-sheet.png", contact_sheet(out, result))
    storage.write_text(out / "report.html", render_page(out, result))
    storage.write_json(out / "result.json", result)
    return result


def written_names(n: int) -> list[str]:
    """Names of all files that a result of n suggestions writes, relative to its folder."""
    pictures = ["photo.png", "reconstruction.png", *(f"suggestion-{number}.png" for number in range(1, n + 1))]
    beside = [f"{kind}-{number}.png" for kind in BESIDE for number in range(1, n + 1)]
    return [
        "result.json",
        "report.html",
        "contact-sheet.png",
        *pictures,
        *(f"raw/{name}" for name in pictures),
        *beside,
    ]


def _clear(out: Path) -> None:
    """Remove an earlier result's record first, then its pictures: never a record beside another run's pictures."""
    record = out / "result.json"
    if not record.is_file():
        return
    record.unlink()
    beside = (f"{kind}-*.png" for kind in BESIDE)
    for pattern in ("suggestion-*.png", "raw/suggestion-*.png", "photo.png", "raw/photo.png", *beside):
        for path in out.glob(pattern):
            path.unlink()


def _pictures(found: Suggestions) -> dict[str, tuple[Tensor, bool]]:
    """By name: the square picture `[3,R,R]`, and whether the generator drew it."""
    pictures = {} if found.photo is None else {"photo": (found.photo[0], False)}
    pictures["reconstruction"] = (found.base.images[0], True)
    for number, image in enumerate(found.shifted.images, start=1):
        pictures[f"suggestion-{number}"] = (image, True)
    return pictures


def _explained(found: Suggestions) -> Explained:
    """What changes, by the same probes' answers and the same type that verification found."""
    said = found.verification
    answers, kind = (None, "") if said is None else (said.answers, str(said.result["category"]["photo"]))
    return explain(found.photo, found.base.images, found.shifted.images, answers, kind)


def _beside(found: Suggestions, said: Explained) -> dict[str, Tensor]:
    """By name the maps of changes, and the nearest real items redrawn, `[3,R,R]` each."""
    pictures = {f"change-{row + 1}": said.map(row) for row in range(len(said.changes))}
    if found.verification is not None and found.verification.nearest is not None:
        pictures |= {f"nearest-{row + 1}": image for row, image in enumerate(found.verification.nearest)}
    return pictures


def _display(image: Tensor, fit: Fit | None, side: int = DISPLAY_SIDE) -> Tensor:
    whole = fit or Fit(1, 1, 0.0, 0.0, 1.0, 1.0)
    return unfit(image[None].cpu(), whole, side)[0]
