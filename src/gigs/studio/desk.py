"""What happens when a visitor does something: every event of the page, as a series of screens. Knows no Gradio."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gigs.inversion.gate import RefusedError
from gigs.languages import ENGLISH, Language
from gigs.progress import OnStep, Step
from gigs.service.engine import Draft, Engine, Wish
from gigs.service.jobs import BusyError, Finished, Job, Jobs, StoppedError, Waiting
from gigs.service.limits import REDESIGNS
from gigs.service.problems import PlainError
from gigs.studio import pictures, screen, texts
from gigs.studio.checks import colours_written, kept_names, number, uploaded
from gigs.studio.limits import Limits
from gigs.studio.problems import in_words
from gigs.studio.real_run import Run
from gigs.studio.screen import Screen
from gigs.studio.visits import KeptColours, Visit, Visits, new_key

QUIET_SECONDS = 0.2  # between two lines of status


class Desk:
    """The studio behind its page.

    Args:
        engine: Computes.
        root: Where visits keep their files; removed by `close`.
        uploads: Where Gradio puts what is uploaded: a photo from anywhere else is refused.
        limits: What a visitor is granted.
    """

    def __init__(self, engine: Engine, root: Path, uploads: Path, limits: Limits) -> None:
        self.engine, self.limits, self._uploads = engine, limits, uploads
        self.visits, self.jobs = Visits(root, limits), Jobs(limits)

    def close(self) -> None:
        """Stop everything and remove every file."""
        self.jobs.close()
        self.visits.close()

    def choose(
        self, session: str | None, upload: object, wish: dict[str, Any], say: Language = ENGLISH
    ) -> Iterator[Screen]:
        """A photo was uploaded, or taken away (None); a draft follows."""
        yield from self._pointed_at(session, lambda visit: self._taken(upload, visit), wish, say)

    def example(
        self, session: str | None, number: object, wish: dict[str, Any], say: Language = ENGLISH
    ) -> Iterator[Screen]:
        """One of the pack's examples was picked, counted from 0; a draft follows."""

        def picked(visit: Visit) -> Path:
            examples = self.engine.pack.examples()
            if type(number) is not int or not 0 <= number < len(examples):
                raise PlainError(texts.NO_PHOTO)
            return examples[number]

        yield from self._pointed_at(session, picked, wish, say)

    def draft(self, session: str | None, wish: dict[str, Any], say: Language = ENGLISH) -> Iterator[Screen]:
        """The wish changed: what the photo's redesigns might look like."""
        try:
            visit = self.visits.of(session)
            if visit.photo is None or visit.is_busy:  # a run goes on as it was asked for
                return
            asked = self._wish(visit, wish, say)
        except Exception as error:
            yield self._failed(error, say)
            return
        audience = say.sentence(self.engine.label(asked.audience))

        def shown(event: Step | Finished) -> Screen:
            if isinstance(event, Step):
                return Screen(screen.status(say(texts.DRAFTING) + " …", kind="busy"))
            found: Draft = event.value
            drafts = screen.drafts([pictures.inline(one, texts.NOTE) for one in found.pictures], say)
            return Screen(
                screen.status(_asking(found.asks, say) or say(texts.DRAFT, audience=audience)),
                photo=screen.photo(pictures.inline(found.photo), say),
                results=screen.cards(drafts, caution=" ".join(map(say.sentence, found.caution)), say=say),
                asks=found.asks,
            )

        job = self._submitted(visit, lambda on_step: self.engine.draft(asked, on_step))
        yield from self._followed(visit, job, shown, say)

    def redesign(self, session: str | None, wish: dict[str, Any], say: Language = ENGLISH) -> Iterator[Screen]:
        """The real run: progress, redesigns as they are found, and in the end the result with its report."""
        try:
            visit = self.visits.of(session)
            if visit.is_busy:  # a second press of the button
                return
            asked = self._wish(visit, wish, say)
        except Exception as error:
            yield self._failed(error, say)
            return
        run = Run(self.engine, asked, visit.folder / new_key(), say)

        def shown(event: Step | Finished) -> Screen:
            if isinstance(event, Step):
                return run.arriving(event)
            kept = run.kept(event.value)
            self.visits.keep(visit, kept)
            return Screen(
                screen.status(say(texts.DONE, seconds=say.number(run.seconds)), kind="done"),
                photo=screen.photo(run.photo, say),
                results=screen.finished(kept, run.photo, say),
                history=screen.history(visit.results[1:], say),
            )

        job = self._submitted(visit, run.work)
        visit.run = job if isinstance(job, Job) else None
        yield from self._followed(visit, job, shown, say, running=True)

    def colours(
        self, session: str | None, named: object, wish: dict[str, Any], say: Language = ENGLISH
    ) -> Iterator[Screen]:
        """The product in other colours: those that the audience likes better, and those that the visitor named."""
        try:
            visit = self.visits.of(session)
            if visit.is_busy:
                return
            asked, written = self._wish(visit, wish, say), colours_written(named)
        except Exception as error:
            yield self._failed(error, say)
            return
        folder = visit.folder / new_key()

        def shown(event: Step | Finished) -> Screen:
            if isinstance(event, Step):
                return Screen(screen.status(say(texts.COLOURING) + " …", kind="busy"), running=True)
            kept = self.visits.keep_colours(visit, KeptColours(folder.name, folder, event.value))
            return Screen(screen.status(say(texts.COLOURED), kind="done"), colours=screen.colours(kept, say))

        job = self._submitted(visit, lambda on_step: self.engine.colours(asked, written, folder, on_step))
        visit.run = job if isinstance(job, Job) else None
        yield from self._followed(visit, job, shown, say, running=True)

    def stop(self, session: str | None) -> None:
        """End the visitor's computation at its next step."""
        visit = self.visits.known(session)
        if visit is not None and visit.job is not None:
            visit.job.stop()

    def _pointed_at(
        self, session: str | None, photo: Callable[[Visit], Path | None], wish: dict[str, Any], say: Language
    ) -> Iterator[Screen]:
        try:
            visit = self.visits.of(session)
            if visit.is_busy:
                raise PlainError(texts.RUNNING)
            self._let_go(visit)
            visit.photo = photo(visit)
        except Exception as error:
            yield self._failed(error, say, photo="")
            return
        if visit.photo is None:
            yield Screen(screen.status(say(texts.START)), photo="", results="", asks=())
            return
        yield from self.draft(session, wish, say)

    def _let_go(self, visit: Visit) -> None:
        """Forget a visit's photo; one that was uploaded goes, and with it any draft of it."""
        photo, visit.photo = visit.photo, None
        if photo is not None and photo.parent == visit.folder:
            if visit.job is not None:
                visit.job.stop()
            photo.unlink(missing_ok=True)

    def _taken(self, upload: object, visit: Visit) -> Path | None:
        """An upload, linked into the visit's folder under a name of our own; None where there is none.

        A link takes no room, and stays when the upload gives way to others.

        Raises:
            PlainError: It is no upload, or too large.
        """
        if upload is None:
            return None
        taken = visit.folder / new_key()
        os.link(self._file(upload), taken)
        return taken

    def _file(self, upload: object) -> Path:
        """The file of an upload, where Gradio put it.

        Raises:
            PlainError: It is no upload, or too large.
        """
        given = upload.get("path") if isinstance(upload, dict) else None
        source = uploaded(given, self._uploads)
        if source is None:
            raise PlainError(texts.NO_ADDRESS)
        if source.stat().st_size > self.limits.photo_bytes:
            raise PlainError(texts.TOO_LARGE.format(most=self.limits.photo_bytes >> 20))
        return source

    def _wish(self, visit: Visit, wish: dict[str, Any], say: Language) -> Wish:
        """What the page sent, checked: a page can be made to send anything.

        Raises:
            PlainError: There is no photo, or a value is none that the page offers.
        """
        if visit.photo is None:
            raise PlainError(texts.NO_PHOTO)
        self.engine.label(wish.get("audience"))
        kind = wish.get("kind") or None
        if kind is not None and kind not in self.engine.kinds:
            raise PlainError(texts.NO_KIND)
        return Wish(
            photo=visit.photo,
            audience=str(wish["audience"]),
            change=number(wish.get("change", 50), 0, 100) / 100,
            count=round(number(wish.get("count", REDESIGNS[1]), *REDESIGNS)),
            preset="faithful" if wish.get("careful") is True else "fast",
            anyway=wish.get("anyway") is True,
            kind=kind,
            keep=kept_names(wish.get("keep")),
            mask=None if wish.get("mask") is None else self._file(wish["mask"]),
            region=None if wish.get("region") is None else self._file(wish["region"]),
            language=say.code,
        )

    def _submitted(self, visit: Visit, work: Callable[[OnStep], Any]) -> Job | BusyError:
        try:
            return visit.take(self.jobs.submit(work))
        except BusyError as error:
            return error

    def _followed(
        self,
        visit: Visit,
        job: Job | BusyError,
        shown: Callable[[Step | Finished], Screen],
        say: Language,
        running: bool = False,
    ) -> Iterator[Screen]:
        """Screens of a computation; one that another of the same visitor has replaced falls silent."""
        if isinstance(job, BusyError):
            yield self._failed(job, say)
            return
        last = 0.0
        try:
            for event in job.follow():
                now = time.monotonic()
                if isinstance(event, Waiting):
                    yield Screen(screen.waiting(event.ahead, say), running=running)
                elif isinstance(event, Finished) or event.images is not None or now - last > QUIET_SECONDS:
                    last = now
                    yield shown(event)
        except Exception as error:
            if visit.job is job:
                yield self._failed(error, say)

    def _failed(self, error: Exception, say: Language, photo: str | None = None) -> Screen:
        words = in_words(error, self.limits, say)
        kind = "info" if isinstance(error, StoppedError) else "error"
        return Screen(screen.status(words, kind=kind), photo=photo, anyway=isinstance(error, RefusedError))


def _asking(kinds: tuple[str, ...], say: Language) -> str:
    """The question which of two kinds a product is; empty where there is none."""
    return say(texts.ASKING, first=say(kinds[0]), second=say(kinds[1])) if kinds else ""
