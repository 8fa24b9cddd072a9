"""The typed result of one product, and the form of `result.json` (`docs/reference/result.md`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta
from PIL import Image

from gigs.explain.description import Description
from gigs.inversion.gate import Verdict
from gigs.io.documents import AtLeastOne, Count, Fraction, NotNegative, Number, Seed, Word
from gigs.result.pictures import Pictures
from gigs.transfer import CutOut
from gigs.verify.findings import RedesignCheck, VerificationSummary
from gigs.verify.share import Share
from gigs.vision.compute import Compute

SCHEMA = 2
DRAWN: Literal["drawn"] = "drawn"
UNCHECKED = "unchecked"  # the verdict where no judge has looked


@dataclass(frozen=True, kw_only=True)
class AudienceSummary:
    """Whom the redesigns are for.

    Attributes:
        name: Short.
        label: In words.
        users: How many.
        scored_users: Whose mean score was raised: all, or the sample of a recommender whose score is not linear.
        privacy: What was promised to its members; None for nothing.
    """

    name: str
    label: str
    users: Count
    scored_users: Count
    privacy: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture and its score.

    Attributes:
        file: In the photo's own shape.
        raw: Square, at the generator's resolution.
        score: theta^T phi (Eq. 1), in the recommender's unit.
        percentile: Share of the pack's catalogue that scores lower; None where the pack does not know the audience.
        pictures: All pictures of the result.
    """

    file: Word
    raw: Word
    score: Number | None
    percentile: Fraction | None
    pictures: Pictures = field(default_factory=Pictures, repr=False, compare=False)

    @property
    def image(self) -> Image.Image:
        """What is shown, RGB."""
        return self.pictures[self.file]

    @property
    def drawn(self) -> Image.Image:
        """The square picture at the generator's resolution, RGB."""
        return self.pictures[self.raw]


@dataclass(frozen=True, kw_only=True)
class PhotoSummary(Picture):
    """The seller's photo; `source` is its file's name."""

    source: str | None


@dataclass(frozen=True, kw_only=True)
class ReconstructionSummary(Picture):
    """What the generator makes of the photo, or the sampled design.

    Attributes:
        lpips: LPIPS (VGG16) to the photo; None for a sampled design, as are all others.
        mse: Mean squared error to the photo, of values in `[0,1]`.
        lpips_before_tuning: Before the generator was tuned to the photo.
        steps: Of the inversion.
        found_at_step: Where its best latent vector was seen.
        caution: What to keep in mind because of the photo.
        changes: What redrawing alone changed.
    """

    lpips: NotNegative | None
    mse: NotNegative | None
    lpips_before_tuning: NotNegative | None
    steps: Count
    found_at_step: Count | None
    caution: str | None
    changes: Description | None


@dataclass(frozen=True, kw_only=True)
class CutOutSummary:
    """The product cut out of the photo.

    Attributes:
        confidence: In `[0,1]`; 1 for a mask that was given.
        doubt: What is unsure, in a sentence; None where nothing is.
        area: Share of the photo that is the product.
        framing: Where the photo shows a close-up, a product that its edge cuts off, or several, a sentence that says
            so; None where it shows one whole product.
    """

    confidence: Fraction
    doubt: str | None
    area: Fraction
    framing: str | None = None

    @classmethod
    def of(cls, cutout: CutOut) -> CutOutSummary:
        """What a result keeps of a cut-out."""
        area, confidence = round(cutout.area, 4), round(cutout.confidence, 3)
        return cls(confidence=confidence, doubt=cutout.doubt, area=area, framing=cutout.framing)

    @property
    def words(self) -> str | None:
        """What to keep in mind because of what was cut out; None where there is nothing."""
        return " ".join(said for said in (self.framing, self.doubt) if said) or None


@dataclass(frozen=True, kw_only=True)
class FrontEntry:
    """A candidate that no other beats with as little change.

    Attributes:
        file: Of its picture, reduced.
        change: LPIPS (VGG16) from the photo to it, as it is shown: what a budget bounds.
        gain: What the targets grant it over the photo, in standard deviations of real items; no judge has looked.
        suggestion: Number of the suggestion that it is, counted from 1; None where it is not among them.
    """

    file: Word
    change: NotNegative
    gain: Number
    suggestion: AtLeastOne | None


@dataclass(frozen=True, kw_only=True)
class ChoiceSummary:
    """How the redesigns on the photo were chosen.

    Attributes:
        asked: Redesigns asked for; fewer are shown where no more of them can be told apart.
        candidates: Redesigns that were put on the photo and looked at.
        over_budget: Of these, those that change more than the budget allows.
        unseen: Of these, those in which no change is seen.
        front: From the least change to the most gain.
    """

    asked: Count
    candidates: Count
    over_budget: Count
    unseen: Count
    front: tuple[FrontEntry, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Suggestion(Picture):
    """One redesign.

    Attributes:
        rendered: How it is shown: on the seller's own `photo`; as a `sketch` on it, where much of the change that the
            generator drew is left undone; or as it was `drawn`.
        residual: Share of the drawn change that is left undone on the photo, in `[0,1]`; None where it is drawn.
        kept: What of the product was not to change: `colour`, `shape`, `print`, `region`.
        gain_vs_photo: Score less the photo's; None without a photo.
        gain_vs_reconstruction: Score less the reconstruction's.
        lpips_to_reconstruction: From what the generator drew to what it redrew of the photo.
        max_abs_shift: Of the latent shift as applied.
        changes: What it changes.
        share: Of 100 buyers who choose between the product as it is and this redesign, how many take the redesign;
            None where no judge has looked, or real purchases have not set what a gain is worth.
        check: What the judges found; None where no judge has looked.
    """

    rendered: Literal["photo", "sketch", "drawn"] = DRAWN
    residual: Fraction | None = None
    kept: tuple[str, ...] = ()
    gain_vs_photo: Number | None
    gain_vs_reconstruction: Number | None
    lpips_to_reconstruction: NotNegative | None
    max_abs_shift: NotNegative | None
    changes: Description
    share: Share | None = None
    check: RedesignCheck | None = None

    @property
    def verdict(self) -> str:
        """`likely`, `unclear`, `no gain found`, `no promise`, or `unchecked` where no judge has looked."""
        return UNCHECKED if self.check is None else self.check.verdict.verdict

    @property
    def gain(self) -> float | None:
        """What the judges grant it over the photo, in standard deviations of real items; None where none has looked."""
        return None if self.check is None else self.check.verdict.gain

    @property
    def words(self) -> str:
        """What it changes, in one sentence."""
        return self.changes.words


@dataclass(frozen=True, kw_only=True)
class Record:
    """Everything that `result.json` says.

    Attributes:
        schema: Version of the form of this file.
        preset: Name of the preset.
        settings: The preset's settings for each loop and for what is shown.
        seed: The same seed gives the same pictures on the CPU.
        device: Where the networks ran.
        compute: Precision and memory layout of the networks.
        seconds: By stage, and their `total`.
        pack: Name of the pack.
        models: By kind of model, the file that was used and its SHA-256.
        audience: The group of buyers that the redesigns are for.
        objective: What was raised: `mean`, `worst-decile` or `coverage`.
        photo: The seller's photo; None for a sampled design.
        reconstruction: The photo as the generator redraws it.
        gate: Whether the generator could redraw the photo; None where no gate looked.
        suggestions: The redesigns, best first.
        distinct: Mean LPIPS between the redesigns; None for a single one.
        verification: What the judges found about all redesigns; None where no judge looked.
        versions: Of gigs, PyTorch and Python.
        cutout: How the product was cut out of the photo; None where redesigns are shown as drawn.
        choice: How the redesigns on the photo were chosen; None where they are shown as drawn.
        doubt: Why the scores promise nothing, in a sentence; None where the target's test AUC is above chance.
    """

    schema: int
    preset: str
    settings: dict[str, Any]
    seed: Seed
    device: str
    compute: Compute
    seconds: dict[str, NotNegative]
    pack: str
    models: dict[str, dict[str, Any]]
    audience: AudienceSummary
    objective: str
    photo: PhotoSummary | None
    reconstruction: ReconstructionSummary
    gate: Verdict | None
    suggestions: Annotated[tuple[Suggestion, ...], Meta(min_length=1)]
    distinct: Number | None
    verification: VerificationSummary | None
    versions: dict[str, str]
    cutout: CutOutSummary | None = None
    choice: ChoiceSummary | None = None
    doubt: str | None = None
    pictures: Pictures = field(default_factory=Pictures, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.suggestions)

    def __getitem__(self, number: int) -> Suggestion:
        return self.suggestions[number]

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self.suggestions)

    @property
    def verdict(self) -> str:
        """Of the redesigns on the whole; `unchecked` where no judge has looked."""
        return UNCHECKED if self.verification is None else self.verification.verdict.verdict

    @property
    def on_photo(self) -> bool:
        """Whether the redesigns are shown on the seller's own photo."""
        return any(one.rendered != DRAWN for one in self.suggestions)

    @property
    def files(self) -> list[str]:
        """The shown pictures: photo, reconstruction, redesigns."""
        entries = (self.photo, self.reconstruction, *self.suggestions)
        return [entry.file for entry in entries if entry is not None]
