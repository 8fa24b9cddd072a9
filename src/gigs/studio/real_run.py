"""One real run: what the thread of computations does for it, and how it looks on the way."""

from __future__ import annotations

import shutil
import time
import zipfile
from datetime import datetime
from pathlib import Path

from gigs.languages import ENGLISH, Language
from gigs.progress import OnStep, Step
from gigs.result import Result
from gigs.service.engine import SEEN, Engine, Wish
from gigs.studio import pictures, screen, texts
from gigs.studio.screen import Screen
from gigs.studio.visits import ARCHIVE, KeptResult
from gigs.vision.images import Fit


class Run:
    """One real run: what its thread computes, and how it looks on the way."""

    def __init__(self, engine: Engine, wish: Wish, folder: Path, say: Language = ENGLISH) -> None:
        self._engine, self._wish, self._folder, self._say = engine, wish, folder, say
        self._fit: Fit | None = None
        self.photo, self.seconds = "", 0.0

    def work(self, on_step: OnStep) -> Result:
        """In the thread of computations: a result that is whole, or nothing is left of it."""
        started = time.monotonic()
        try:
            picture, self._fit = self._engine.look(self._wish.photo)
            self.photo = pictures.inline(picture)
            on_step(SEEN)  # raises where the visitor has left, or has had their time
            result = self._engine.redesign(self._wish, self._folder, on_step)
            archive(self._folder)
            on_step(Step("checking the redesigns", 2, 2))  # raises where the visitor has left meanwhile
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self.seconds = time.monotonic() - started
        return result

    def arriving(self, step: Step) -> Screen:
        """Progress, with the redesigns that are there so far."""
        shown = None
        if step.images is not None and len(step.images):
            found = screen.drafts(pictures.drawn(step.images, self._fit), self._say)
            shown = screen.cards(found, caution=self._say(texts.ARRIVING), say=self._say)
        return Screen(screen.progress(step, self._wish.careful, self._say), results=shown, running=True)

    def kept(self, result: Result) -> KeptResult:
        """The result as the visit keeps it."""
        return KeptResult(self._folder.name, self._folder, result, datetime.now().time())


def archive(folder: Path) -> Path:
    """Everything of a result in one zip, beside the rest."""
    target = folder / ARCHIVE
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path != target and not path.name.startswith("."):
                packed.write(path, Path(target.stem) / path.relative_to(folder))
    return target
