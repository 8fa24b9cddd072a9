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
    """The audience of the redesigns.

    Attributes:
        name: Short name.
        label: Name in words.
        users: Number of users.
        scored_users: Number of users whose mean score was raised: all, or a sample if the recommender's score is not
            linear.
        privacy: The privacy guarantee for its members; None if there is none.
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
        file: File in the photo's shape.
        raw: Square file at the generator's resolution.
        score: theta^T phi (Eq. 1), in the recommender's unit.
        percentile: Share of the pack's catalogue that scores lower; None if the audience is not the pack's.
        pictures: All pictures of the result.
    """

    file: Word
    raw: Word
    score: Number | None
    percentile: Fraction | None
    pictures: Pictures = field(default_factory=Pictures, repr=False, compare=False)

    @property
    def image(self) -> Image.Image:
        """The picture as it is shown, RGB."""
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
    """The reconstruction of the photo, or the design drawn at random.

    Attributes:
        lpips: LPIPS (VGG16) to the photo. This and all others are None for a design drawn at random.
        mse: Mean squared error to the photo, of values in `[0,1]`.
        lpips_before_tuning: The same before the generator was tuned to the photo.
        steps: Steps of the inversion.
        found_at_step: Step at which the best latent vector was found.
        caution: A warning about the photo.
        changes: What the reconstruction alone changed.
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
        confidence: Confidence in `[0,1]`; 1 for a given mask.
        doubt: What is uncertain, in a sentence; None for nothing.
        area: Share of the photo that is the product.
        framing: A sentence if the photo shows a close-up, a product that is cut off at the edge, or several products;
            None if it shows one whole product.
    """

    confidence: Fraction
    doubt: str | None
    area: Fraction
    framing: str | None = None

    @classmethod
    def of(cls, cutout: CutOut) -> CutOutSummary:
        """The part of a cut-out that a result keeps."""
        area, confidence = round(cutout.area, 4), round(cutout.confidence, 3)
        return cls(confidence=confidence, doubt=cutout.doubt, area=area, framing=cutout.framing)

    @property
    def words(self) -> str | None:
        """A warning about the cut-out; None if there is none."""
        return " ".join(said for said in (self.framing, self.doubt) if said) or None


@dataclass(frozen=True, kw_only=True)
class FrontEntry:
    """A candidate on the front: no other candidate changes less and gains as much.

    Attributes:
        file: File of its reduced picture.
        change: LPIPS (VGG16) from the photo to the candidate as it is shown. A budget limits this.
        gain: The targets' gain over the photo, in standard deviations of real items. No judge has checked it.
        suggestion: Number of its suggestion, from 1; None if it is not among the suggestions.
    """

    file: Word
    change: NotNegative
    gain: Number
    suggestion: AtLeastOne | None


@dataclass(frozen=True, kw_only=True)
class ChoiceSummary:
    """How the redesigns on the photo were chosen.

    Attributes:
        asked: Number of redesigns asked for. Fewer are shown if not enough of them are apart.
        candidates: Number of redesigns that were put on the photo and compared.
        over_budget: How many of these change more than the budget allows.
        unseen: How many of these show no visible change.
        front: The front, from the least change to the most gain.
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
        rendered: How it is shown: on the seller's `photo`; as a `sketch` on it, if the transfer leaves much of the
            change undone; or as it was `drawn`.
        residual: Share of the drawn change that is left undone on the photo, in `[0,1]`; None for a drawn redesign.
        kept: What must not change: `colour`, `shape`, `print`, `region`.
        gain_vs_photo: Score minus the photo's; None without a photo.
        gain_vs_reconstruction: Score minus the reconstruction's.
        lpips_to_reconstruction: LPIPS from the drawn redesign to the reconstruction.
        max_abs_shift: Largest coordinate of the applied latent shift.
        changes: The changes that it makes.
        share: Of 100 buyers who choose between the product as it is and this redesign, how many take the redesign. None
            if it was not checked, or if the pack cannot translate gains into shares.
        check: The judges' findings; None if it was not checked.
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
        """`likely`, `unclear`, `no gain found`, `no promise`, or `unchecked`."""
        return UNCHECKED if self.check is None else self.check.verdict.verdict

    @property
    def gain(self) -> float | None:
        """The judges' gain over the photo, in standard deviations of real items; None if it was not checked."""
        return None if self.check is None else self.check.verdict.gain

    @property
    def words(self) -> str:
        """Its changes in one sentence."""
        return self.changes.words


@dataclass(frozen=True, kw_only=True)
class Record:
    """The content of `result.json`.

    Attributes:
        schema: Version of this file's form.
        preset: Name of the preset.
        settings: The preset's settings for each loop and for the pictures shown.
        seed: The same seed gives the same pictures on the CPU.
        device: Where the networks ran.
        compute: Precision and memory layout of the networks.
        seconds: Seconds by stage, and their `total`.
        pack: Name of the pack.
        models: By kind of model, the file that was used and its SHA-256.
        audience: The group of buyers that the redesigns are for.
        objective: The objective: `mean`, `worst-decile` or `coverage`.
        photo: The seller's photo; None for a sampled design.
        reconstruction: The photo as the generator redraws it.
        gate: Whether the generator could redraw the photo; None if there was no gate.
        suggestions: The redesigns, best first.
        distinct: Mean LPIPS between the redesigns; None for a single one.
        verification: The judges' findings about all redesigns; None if they were not checked.
        versions: Versions of gigs, PyTorch and Python.
        cutout: How the product was cut out of the photo; None if redesigns are shown as drawn.
        choice: How the redesigns on the photo were chosen; None if they are shown as drawn.
        doubt: Why the scores promise nothing, in a sentence; None if the target's test AUC is above chance.
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
        """The verdict on all redesigns together; `unchecked` if no judge was asked."""
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
