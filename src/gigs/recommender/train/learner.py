"""The BPR objective (Eqs. 3-4) for both kinds of recommender: one from cached features, one from pixels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from scipy.linalg import eigh
from torch import Tensor

from gigs.data.triplets import Triplets
from gigs.errors import DataError
from gigs.recommender.features import pixel_phi, project_all
from gigs.recommender.models.dvbpr import DVBPR
from gigs.recommender.models.vbpr import VBPR
from gigs.recommender.train.settings import TrainingSettings
from gigs.training.processes import ALONE, Processes
from gigs.training.shared_layers import share_among, share_layers
from gigs.vision.images import to_tensor

CHUNK = 16_384  # pairs whose features are in memory at once
LAZY_FROM = 200_000  # users
MOST_SUMS = 1 << 28  # numbers: what users bought is added up beforehand if that takes no more than a gigabyte
SAME = 1e-4  # of the largest feature: a spread below it is rounding, which standardising would blow up

ALIKE = (
    "the pictures of all {count:,} items to learn from look the same to the recommender, so there is nothing to learn; "
    "look at them (`gigs data check` names pictures of one colour and equal ones), replace them and import again"
)


def require_differences(raw: np.ndarray) -> None:
    """Refuse items that cannot be told apart by their features `[N,width]`.

    Raises:
        DataError: They are all the same but for rounding; the message says what to do.
    """
    spread = float((raw.max(axis=0) - raw.min(axis=0)).max())
    if not spread > SAME * float(np.abs(raw).max()):
        raise DataError(ALIKE.format(count=len(raw)))


class Learner(ABC):
    """A model and its pictures, as training sees them. Each item may have several views (its photo, a reconstruction).

    Attributes:
        model: The recommender being trained.
        processes: Among whom the present batch is shared.
    """

    model: VBPR | DVBPR

    def __init__(self, settings: TrainingSettings) -> None:
        self.settings, self.processes = settings, ALONE

    @property
    def lazy(self) -> bool:
        """Whether a step looks at the factors of the batch's users alone, so that it takes no longer with more users.

        Adam otherwise moves everybody's factors in every step, by what it remembers of earlier ones.
        """
        return self.model.theta.requires_grad and len(self.model.user_ids) > LAZY_FROM

    @abstractmethod
    def phi(self, items: np.ndarray, rng: np.random.Generator) -> Tensor:
        """phi of item rows int64 `[B]`, with gradient, `[B,K]`; `rng` draws view and mirroring.

        Where several processes share the batch, these are this process's rows, and `rng` draws for all of them.
        """

    @abstractmethod
    def all_phi(self, rows: np.ndarray) -> np.ndarray:
        """phi of the first view in evaluation mode, float32 `[items,K]`; only `rows` are needed."""

    def share(self, triplets: Triplets, processes: Processes) -> Triplets:
        """This process's triplets of a batch; all of them where they cannot be shared evenly, as in an epoch's last.

        Every process then computes the same, and the mean of their gradients is the gradient all the same.
        """
        self.processes = ALONE if len(triplets[0]) % processes.count else processes
        users, positives, negatives = (self.processes.mine(part) for part in triplets)
        return users, positives, negatives

    def loss(self, triplets: Triplets, rng: np.random.Generator) -> Tensor:
        """Negative of Eq. 3 per triplet: -ln sigma(x_ui - x_uj) + lambda ||Theta||^2, mean over the batch."""
        users, positives, negatives = triplets
        model, settings = self.model, self.settings
        phi = self.phi(np.concatenate([positives, negatives]), rng)
        device = phi.device
        difference = phi[: len(users)] - phi[len(users) :]
        rows = torch.from_numpy(users).to(device)
        theta = model.factors_from(self._learned(rows))
        loss = -F.logsigmoid((theta * difference).sum(1)).mean()  # x_uij of Eq. 4
        loss = loss + self.view_penalty(theta, positives, negatives)
        if settings.theta_decay:
            loss = loss + settings.theta_decay * 0.5 * self._learned(rows).square().sum(1).mean()
        return loss + self.network_penalty()

    def _learned(self, rows: Tensor) -> Tensor:
        """Rows of theta, with a gradient of these rows alone where `lazy`."""
        return F.embedding(rows, self.model.theta, sparse=True) if self.lazy else self.model.theta[rows]

    def to(self, device: str) -> None:
        """Move the model, and whatever else the loss needs, to a device."""
        self.model.to(device)

    def _views_drawn(self, items: np.ndarray, views: int, rng: np.random.Generator) -> np.ndarray:
        """For each item, which of its views is looked at."""
        return self.processes.mine(rng.integers(0, views, len(items) * self.processes.count))

    def network_penalty(self) -> Tensor:
        """lambda ||Theta||^2 of the network's weights (Eq. 3)."""
        squares = torch.stack([weight.square().sum() for weight in self.model.decayed()])
        return self.settings.network_decay * 0.5 * squares.sum()

    def view_penalty(self, theta: Tensor, positives: np.ndarray, negatives: np.ndarray) -> Tensor:
        """How far a user's score moves between an item's views: mean square over the batch, weighted; 0 for one view.

        Args:
            theta: Factors of the batch's users, `[B,K]`.
            positives: Their items, `[B]`.
            negatives: The others, `[B]`.
        """
        return theta.new_zeros(())

    def end_epoch(self) -> None:  # noqa: B027 - most learners have nothing to do
        """Bring the model's user factors up to date; called before every validation."""


class FeatureLearner(Learner):
    """VBPR: `views` are raw backbone features, float32 `[items,width]` each."""

    model: VBPR

    def __init__(self, model: VBPR, views: Sequence[np.ndarray], settings: TrainingSettings) -> None:
        super().__init__(settings)
        self.model = model
        self.raw = views[0]
        self.views = [torch.from_numpy(np.array(view)) for view in views]

    def phi(self, items: np.ndarray, rng: np.random.Generator) -> Tensor:
        """phi from cached features."""
        rows = torch.from_numpy(items)
        raw = self.views[0][rows]
        if len(self.views) > 1:
            chosen = torch.from_numpy(self._views_drawn(items, len(self.views), rng))
            for number, view in enumerate(self.views[1:], start=1):
                raw[chosen == number] = view[rows[chosen == number]]
        return self.model.project(raw.to(self.model.mean.device))

    def view_penalty(self, theta: Tensor, positives: np.ndarray, negatives: np.ndarray) -> Tensor:
        """Between the photo and every further view."""
        if len(self.views) < 2 or not self.settings.view_weight:
            return theta.new_zeros(())
        rows = torch.from_numpy(np.concatenate([positives, negatives]))
        device = self.model.mean.device
        photo = self.model.project(self.views[0][rows].to(device))
        moved = [self.model.project(view[rows].to(device)) - photo for view in self.views[1:]]
        scores = [(theta.repeat(2, 1) * one).sum(1).square().mean() for one in moved]
        return self.settings.view_weight * torch.stack(scores).mean()

    def all_phi(self, rows: np.ndarray) -> np.ndarray:
        """phi of every item: a matrix product, so `rows` is not looked at."""
        return project_all(self.model, self.raw)


class PurchaseLearner(FeatureLearner):
    """VBPR whose users *are* what they bought: theta_u is the mean phi of u's training items, learned through E alone.

    Most users bought a handful of items, far too few to learn a free vector from; sharing E among all of them does
    (as FISM does for item similarities: Kabbur et al. 2013). Scores, files and everything after training are VBPR's.
    E starts at the principal components of the training items' features and is pulled back to them, not to zero.
    """

    START_LENGTH = 3.0  # root mean square of |E f| at the start: scores of about 1, where the sigmoid learns

    def __init__(
        self, model: VBPR, views: Sequence[np.ndarray], settings: TrainingSettings, pairs: tuple[np.ndarray, np.ndarray]
    ) -> None:
        super().__init__(model, views, settings)
        users, items = (torch.from_numpy(np.array(part)) for part in pairs)
        bought = torch.unique(items)
        components, lengths = self._principal(bought, min(model.factors, len(bought)))
        scale = self.START_LENGTH / lengths.sum().sqrt()
        with torch.no_grad():
            model.embedding.zero_()
            model.embedding[: len(components)] = components * scale
        model.theta.requires_grad_(False)
        self.anchor = model.embedding.detach().clone()
        self.counts = torch.bincount(users, minlength=len(model.user_ids)).float()
        self.sums: Tensor | None = None
        if len(model.user_ids) * model.width <= MOST_SUMS:
            self.sums = torch.zeros(len(model.user_ids), model.width)
            for who, what in zip(users.split(CHUNK), items.split(CHUNK), strict=True):
                self.sums.index_add_(0, who, self._standard(what))
        else:
            self._order_purchases(users, items)
        self.end_epoch()

    def _order_purchases(self, users: Tensor, items: Tensor) -> None:
        """Keep what each user bought, to add it up a batch at a time."""
        self.bought = items[torch.argsort(users, stable=True)]
        self.ends = torch.cumsum(self.counts.long(), 0)
        rows = torch.arange(len(self.raw)).split(CHUNK)
        self.standardised = torch.cat([self._standard(some) for some in rows])

    def _sums_of(self, users: Tensor) -> Tensor:
        """Sum of the standardised features of what each user bought, `[B,width]`."""
        if self.sums is not None:
            return self.sums[users]
        counts = self.counts[users].long()
        offsets = torch.cumsum(counts, 0) - counts
        places = torch.arange(int(counts.sum()), device=users.device)
        places += torch.repeat_interleave(self.ends[users] - counts - offsets, counts)
        return F.embedding_bag(self.bought[places], self.standardised, offsets, mode="sum")

    def _principal(self, items: Tensor, most: int) -> tuple[Tensor, Tensor]:
        """Principal components `[k,width]` of items' features about zero, longest first, and mean squares `[k]`."""
        moment = torch.zeros(self.model.width, self.model.width, dtype=torch.float64)
        for rows in items.split(CHUNK):
            part = self._standard(rows).double()
            moment += part.T @ part
        lengths, components = principal((moment / len(items)).numpy(), most)
        if not len(lengths):
            raise DataError(ALIKE.format(count=len(items)))
        return torch.from_numpy(components.astype(np.float32)), torch.from_numpy(lengths.astype(np.float32))

    def to(self, device: str) -> None:
        """Move model, start and sums; the views stay where they are and are moved a batch at a time."""
        super().to(device)
        for name in ("anchor", "counts", "sums", "bought", "ends", "standardised"):
            if isinstance(value := getattr(self, name, None), Tensor):
                setattr(self, name, value.to(device))

    def loss(self, triplets: Triplets, rng: np.random.Generator) -> Tensor:
        """Eq. 3 with the positive item left out of its own user's mean: it must not vouch for itself."""
        users, positives = torch.from_numpy(triplets[0]).to(self.counts.device), torch.from_numpy(triplets[1])
        others = (self.counts[users] - 1).clamp(min=1)[:, None]
        theta = ((self._sums_of(users) - self._standard(positives)) / others) @ self.model.embedding.T
        phi = self.phi(np.concatenate([triplets[1], triplets[2]]), rng)
        difference = phi[: len(users)] - phi[len(users) :]
        score = (theta * difference[:, :-1]).sum(1) + difference[:, -1]
        # A user of one item has nothing left to be described by and would teach the bias alone.
        kept = (self.counts[users] > 1).float()
        count = self.processes.mean_of(kept.sum()).clamp(min=1 / self.processes.count)
        loss = -(kept * F.logsigmoid(score)).sum() / count + self.network_penalty()
        return loss + self.view_penalty(torch.cat([theta, theta.new_ones(len(theta), 1)], dim=1), *triplets[1:])

    def network_penalty(self) -> Tensor:
        """Squared distance of E from its start, and of the bias from zero."""
        moved = (self.model.embedding - self.anchor).square().sum() + self.model.bias.square().sum()
        return self.settings.network_decay * 0.5 * moved

    @torch.no_grad()
    def end_epoch(self) -> None:
        """theta_u: the mean over u's training items."""
        everybody = torch.arange(len(self.counts), device=self.counts.device)
        for users in [everybody] if self.sums is not None else everybody.split(CHUNK):
            means = self._sums_of(users) / self.counts[users].clamp(min=1)[:, None]
            self.model.theta[users] = means @ self.model.embedding.T

    def _standard(self, items: Tensor) -> Tensor:
        return self.model.standard(self.views[0][items].to(self.model.mean.device))


class PixelLearner(Learner):
    """DVBPR: `views` are uint8 `[items,S,S,3]` each."""

    model: DVBPR

    def __init__(self, model: DVBPR, views: Sequence[np.ndarray], settings: TrainingSettings) -> None:
        super().__init__(settings)
        self.model, self.views = model, list(views)
        share_layers(model)

    def phi(self, items: np.ndarray, rng: np.random.Generator) -> Tensor:
        """phi from pixels; positives and negatives in one pass through the shared (siamese) network."""
        pixels = np.asarray(self.views[0][items])
        if len(self.views) > 1:
            chosen = self._views_drawn(items, len(self.views), rng)
            for number, view in enumerate(self.views[1:], start=1):
                pixels[chosen == number] = view[items[chosen == number]]
        images = to_tensor(pixels).to(self.model.theta.device)
        if self.settings.flip:
            drawn = self.processes.mine(rng.random(len(items) * self.processes.count))
            mirrored = torch.from_numpy(drawn < 0.5).to(images.device)
            images = torch.where(mirrored[:, None, None, None], images.flip(-1), images)
        share_among(self.model, self.processes)
        with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=self.settings.bf16):
            phi = self.model.features(images)
        return phi.float()

    def all_phi(self, rows: np.ndarray) -> np.ndarray:
        """phi of `rows`; others stay zero."""
        return pixel_phi(self.model, self.views[0], rows)


def principal(moment: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest eigenvalues `[k]` of a symmetric matrix, largest first, and their vectors `[k,D]`; none that is zero.

    Few items, or many alike, leave most eigenvalues equal, at zero. There single precision, and the divide-and-conquer
    that computes them all, find no answer on some processors.

    Args:
        moment: float64 `[D,D]`.
        most: How many at most.
    """
    width = len(moment)
    lengths, components = eigh(moment, subset_by_index=[max(width - most, 0), width - 1], driver="evr")
    kept = lengths[::-1] > SAME**2 * max(lengths[-1], 0.0)
    return lengths[::-1][kept], components.T[::-1][kept]
