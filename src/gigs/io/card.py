"""Model cards: what a model is, how pictures reach it, where it comes from and how to use it, from its own header."""

from __future__ import annotations

import json
from typing import Any

from gigs import __version__

USES = {
    "generator.safetensors": (
        "from gigs.generator.base import Generator\n\n"
        'generator = Generator.from_pretrained("{id}")\n'
        "z = generator.sample(4, torch.Generator().manual_seed(0))\n"
        "images = generator(z)  # [4,3,R,R] in [0,1]"
    ),
    "recommender.safetensors": (
        "from gigs.recommender import Recommender\n\n"
        'recommender = Recommender.from_pretrained("{id}")\n'
        "phi = recommender.features(images)  # [N,K] of pictures [N,3,H,W] in [0,1]; score = theta^T phi"
    ),
    "encoder.safetensors": (
        "from gigs.inversion.encoder import Encoder\n\n"
        'encoder = Encoder.from_pretrained("{id}")\n'
        "z = encoder(photos)  # [N,D] of photos [N,3,R,R] in [0,1]"
    ),
    "critic.safetensors": (
        "from gigs.generator.families.dvbpr_critic import DVBPRCritic\n\n"
        'critic = DVBPRCritic.from_pretrained("{id}")\n'
        "answers = critic(photos, 0)  # [N] of photos [N,3,R,R] in [0,1] of class 0; about 1 for real ones"
    ),
}
OF_CLASS = "\nimages = generator(z)"  # where the class is chosen, in a generator that knows classes
NOTICE = (
    "Pictures drawn with it are design concepts, not listing photos. A score that rises says what a recommender would "
    "prefer; whether people do is for a test with people to say."
)
PERSONAL = "\n**It holds factors of single users, which are personal data.** Do not hand it on without their consent.\n"


def model_card(file: str, header: dict[str, Any]) -> str:
    """Card of a generator, recommender, encoder or critic.

    Args:
        file: Name of its file, one of `USES`.
        header: The file's settings.
    """
    kind = file.removesuffix(".safetensors")
    family = header.get("family") or header.get("kind", "")
    about = header.get("about") or {}
    network = header.get("network") or header.get("architecture") or {}
    preprocessing = header.get("preprocessing") or {
        "range": [0, 1], "fit": "padded to the square, never stretched", "size": network.get("resolution"),
    }  # fmt: skip
    return "\n".join(
        [
            _front_matter([kind, str(family)], about.get("licence")),
            f"# A {family} {kind} for gigs\n",
            f"Made with gigs {__version__}: GAN inversion and guided shifting of product photos.\n",
            PERSONAL if header.get("users") else "",
            "## How pictures reach it\n",
            _table(preprocessing),
            "## What it is\n",
            _table(network),
            "## Where it comes from\n",
            _json(about) if about else "Nothing is recorded.\n",
            "## Use\n",
            f"```python\nimport torch\n\n{_use(file, network)}\n```\n",
            NOTICE,
            "",
        ]
    )


def _use(file: str, network: dict[str, Any]) -> str:
    """Code that uses the model, in the first of its classes where it knows some."""
    code = USES[file].format(id="this/repository")
    if not network.get("classes") or network.get("label") is not None:
        return code
    return code.replace(OF_CLASS, f"\ngenerator = generator.of_class(0)  # one of its classes{OF_CLASS}")


def pack_card(info: dict[str, Any]) -> str:
    """Card of a pack, from its `pack.json`."""
    audiences = {
        name: f"{each.get('label', '')} ({each.get('users')} users)" for name, each in info["audiences"].items()
    }
    return "\n".join(
        [
            _front_matter(["pack"], info["card"].get("licence")),
            f"# {info['name']}: a pack for gigs\n",
            "Everything that `gigs suggest` needs: generator, recommender, audiences and, where it has one, encoder.\n",
            "## How pictures reach it\n",
            _table(info.get("preprocessing") or {}),
            "## Audiences\n",
            _table(audiences),
            "## Where it comes from\n",
            _json(info["card"]),
            "## Use\n",
            "```\ngigs suggest photo.jpg --pack this/repository --audience everyone --out out\n```\n",
            NOTICE,
            "",
        ]
    )


def _front_matter(tags: list[str], licence: Any) -> str:
    """What the Hub reads. A licence is named only where it is recorded, and as `other`: its words are below."""
    lines = ["library_name: gigs", "tags:", *(f"- {json.dumps(tag)}" for tag in ("gigs", *filter(None, tags)))]
    if licence:
        lines += ["license: other", f"license_name: {json.dumps(str(licence)[:100])}"]
    return "\n".join(["---", *lines, "---", ""])


def _table(values: dict[str, Any]) -> str:
    rows = [f"| {name} | {_cell(value)} |" for name, value in values.items() if value is not None]
    return "\n".join(["| | |", "|---|---|", *rows, ""])


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return (text if len(text) <= 300 else text[:300] + " ...").replace("|", "\\|").replace("\n", " ")


def _json(values: Any) -> str:
    return f"```json\n{json.dumps(values, indent=2, ensure_ascii=False)}\n```\n"
