"""A studio whose computations take the steps that a test tells them to, and a pack of small networks for the rest."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import torch
from PIL import Image

from gigs.packs import load_pack
from gigs.progress import OnStep, Step
from gigs.result import Result
from gigs.result.colourways import Colourway, Colourways, Today
from gigs.result.pictures import Pictures
from gigs.result.schema import AudienceSummary, CutOutSummary
from gigs.service.engine import Draft, Wish
from gigs.service.problems import PlainError
from gigs.service.texts import NO_AUDIENCE
from gigs.vision.images import Fit
from tests.report.finished_result import write_finished

WISH = {"audience": "everyone", "change": 50, "count": 2, "careful": False, "anyway": False}


class Scripted:
    """Takes `steps` steps, each of them when `gate` is open, and counts those it took."""

    def __init__(self, pack: Path, steps: int = 3) -> None:
        self.pack, self.steps, self.taken, self.pause = load_pack(pack), steps, 0, 0.001
        self.gate = threading.Event()
        self.gate.set()
        self.wishes: list[Wish] = []
        self.running, self.most_running = 0, 0
        self.error: Exception | None = None
        self.audiences = [("all buyers", "everyone"), ("a few", "few")]
        self.kinds = ("Dress", "Shirt")
        self.asks: tuple[str, ...] = ()
        self.plain = True  # a report of one word, which says whose it is
        self.caution: tuple[str, ...] = ()

    def label(self, audience: object) -> str:
        for label, name in self.audiences:
            if name == audience:
                return label
        raise PlainError(NO_AUDIENCE)

    def look(self, path: Path) -> tuple[Image.Image, Fit]:
        return Image.new("RGB", (64, 64), "white"), Fit(64, 64, 0.0, 0.0, 1.0, 1.0)

    def draft(self, wish: Wish, on_step: OnStep) -> Draft:
        self._take(wish, on_step)
        drawn = tuple(Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
        return Draft(self.look(wish.photo)[0], drawn, () if wish.kind else self.asks, self.caution)

    def redesign(self, wish: Wish, out: Path, on_step: OnStep) -> Result:
        self._take(wish, on_step)
        audience = {"name": wish.audience, "label": self.label(wish.audience), "users": 60, "scored_users": 60}
        result = write_finished(out, verified=False, gains=(0.4,) * wish.count, audience=audience)
        if self.plain:
            (out / "report.html").write_text(f"<p>{wish.audience}</p>")
        else:
            result.save(out, language=wish.language)
        return result

    def colours(self, wish: Wish, named: str, out: Path, on_step: OnStep) -> Colourways:
        self._take(wish, on_step)
        self.named = named
        ways = tuple(
            Colourway(
                file=f"colour-{number}.png", name=f"blue {number}", near=None, hex="#223355", lab=(22.0, 4.0, -24.0),
                asked=False, shown=(22.0, 4.0, -24.0), off=0.0, score=1.0, gain_vs_photo=0.5,
            )
            for number in (1, 2)
        )  # fmt: skip
        found = Colourways(
            pack="small", seed=0, device="cpu", tried=10, better=2, colours=ways, seconds={}, versions={},
            audience=AudienceSummary(name="everyone", label="all buyers", users=60, scored_users=60),
            today=Today(source="shirt.png", name="red", hex="#aa2222", lab=(40.0, 50.0, 30.0), score=0.5),
            cutout=CutOutSummary(confidence=1.0, doubt=None, area=0.4),
            pictures=Pictures({name: Image.new("RGB", (8, 8)) for name in ("photo.png", *(one.file for one in ways))}),
        )  # fmt: skip
        found.save(out, language=wish.language)
        return found

    def _take(self, wish: Wish, on_step: OnStep) -> None:
        self.wishes.append(wish)
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            for number in range(self.steps):
                self.gate.wait(20)
                time.sleep(self.pause)
                self.taken += 1
                on_step(Step("redesigning", number + 1, self.steps, images=torch.rand(1, 3, 8, 8)))
            if self.error is not None:
                raise self.error
        finally:
            self.running -= 1
