"""Trains a flow over an autoencoder's latents on a catalogue: resumable, logged, with grids of samples."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torchvision.utils import make_grid

from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.errors import ModelError
from gigs.generator.base import load_generator, save_generator
from gigs.generator.convert.autoencoder import load_autoencoder
from gigs.generator.families.autoencoder import latents_id
from gigs.generator.families.flow_conditions import dropped, labels, vocabulary
from gigs.generator.families.flow_network import FlowNetwork
from gigs.generator.families.flow_path import BLUR
from gigs.generator.families.latent_flow import LatentFlow, LatentFlowSettings
from gigs.generator.train.flow_prior import PriorExamples, PriorTrainSettings, coordinates_of, train_prior
from gigs.generator.train.flow_settings import FlowTrainSettings
from gigs.generator.train.latents import LatentEncoder, make_latents
from gigs.generator.train.networks import NetworkSet, copied, step_at
from gigs.generator.train.run import TrainingRun
from gigs.progress import OnStep, silent
from gigs.training.processes import held, here
from gigs.training.start import AFRESH, Start
from gigs.training.stopping import train_until
from gigs.vision.compute import Compute
from gigs.vision.images import save_png

LONGEST_GRADIENT = 1.0
FITTED = 12_000  # photos, at most, to which the noise is fitted
WARM_UP = 200


@dataclass(frozen=True)
class LatentData:
    """What a flow learns from.

    Attributes:
        catalogue: Imported at the autoencoder's resolution or larger.
        autoencoder: A file of `gigs train autoencoder`, or a folder of diffusers with an `AutoencoderKL`.
    """

    catalogue: Catalogue
    autoencoder: Path


def train_flow(
    data: LatentData,
    out: str | Path,
    settings: FlowTrainSettings,
    compute: Compute,
    *,
    start: Start = AFRESH,
    on_step: OnStep = silent,
) -> Path:
    """Train and save `OUT/generator.safetensors`: the averaged flow, with the autoencoder.

    Also in OUT: `latents.npy` and `prior.pt` (made once), `checkpoint.pt` (everything), `log.csv` and TensorBoard
    events, `samples-*.png`, and in the end `manifest.json`. If a loss is not finite, the run returns to its last
    checkpoint with half the learning rate, at most three times.

    Args:
        data: The photos, and the autoencoder whose latents are learned.
        out: Folder of the run.
        settings: Settings of the training.
        compute: Device, precision and layout.
        start: `weights` is the file of a latent flow with the same autoencoder to train on from, with a fresh
            optimiser; what it was shown counts.
        on_step: Progress.

    Raises:
        DataError: Too few photos match `settings.where`, or they were imported smaller than the autoencoder needs.
        InputError: Another process trains in OUT, or a condition is no column.
        ModelError: `start.resume` without a checkpoint, or one of another network or autoencoder; a run that diverges.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the checkpoint is of the last whole step.
    """
    with held(Path(out)):
        run = FlowRun(data, Path(out), settings, compute, start, on_step)
        train_until(run, settings.images, "training the flow", on_step)
        return run.finish()


class FlowNetworks(NetworkSet):
    """The flow and its average."""

    def __init__(self, network: FlowNetwork, settings: FlowTrainSettings, compute: Compute) -> None:
        self.modules = {"flow": compute.place(network).train()}
        self.averaged = {"flow": copied(self.modules["flow"])}
        self.ema = settings.ema
        self.rates = {"flow": settings.learning_rate}
        learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.optimisers = {"flow": torch.optim.Adam(learning, lr=settings.learning_rate, betas=(0.9, 0.99), fused=True)}


class FlowRun(TrainingRun):
    """A run of a latent flow."""

    columns = ("shown", "loss", "retries")
    same = ("conditions", "directions", "mirrored", "photos", "prior_examples", "where")
    settings: FlowTrainSettings
    nets: FlowNetworks

    def __init__(
        self,
        data: LatentData,
        out: Path,
        settings: FlowTrainSettings,
        compute: Compute,
        start: Start,
        on_step: OnStep,
    ) -> None:
        catalogue = data.catalogue
        rows = _some(select(catalogue, catalogue.train_items(), settings.where), settings)
        self.coder, self.coder_about = load_autoencoder(data.autoencoder)
        self.origin = latents_id(self.coder)
        super().__init__(catalogue, out, settings, compute, rows, self.coder.config["sample_size"])
        items = catalogue.items.iloc[rows]
        self.vocabulary = vocabulary(items, settings.conditions)
        self.conditions = torch.from_numpy(labels(items, self.vocabulary))
        self.latents = make_latents(
            LatentEncoder(self.coder, compute, settings.mirrored), self.photos, rows, out, on_step=on_step,
            about={"autoencoder": self.origin, "seed": settings.seed, "where": settings.where},
        )  # fmt: skip
        channels, side = self.latents.array.shape[2], self.latents.array.shape[-1]
        self.unet = settings.network.config(channels, side)
        torch.manual_seed(settings.seed)  # initial weights; everything later draws from the run's own generator
        self.directions = min(settings.directions, len(rows) // 4)
        network = FlowNetwork(self.unet, self.vocabulary, self.directions, settings.network.prior)
        if not start.resume and start.weights is None:  # which have it
            begun = here().from_main(lambda: self._begun(network, on_step))  # others' might be rounded
            network.load_state_dict(begun, strict=False)
        if network.prior is not None:
            network.prior.requires_grad_(False)
        self.nets = FlowNetworks(network, settings, compute)
        self.path = network.path
        self.flow = compute.compiled(self.nets.modules["flow"])
        if start.weights is not None and not start.resume:
            self._start_from(start.weights)
        self.begin(start.resume)

    def _begun(self, network: FlowNetwork, on_step: OnStep) -> dict[str, Tensor]:
        """What is known before the flow is trained: noise, fitted to at most `FITTED` photos, and the prior."""
        count, seed, path = len(self.latents.array), self.settings.seed, network.path
        rows = np.sort(np.random.default_rng(seed).permutation(count)[:FITTED])
        sample = self.latents.scaled(torch.from_numpy(rows), torch.zeros(len(rows), dtype=torch.int64))
        path.fit(sample, torch.Generator().manual_seed(seed))
        if network.prior is not None:
            self._train_prior(network, on_step)
        return {name: tensor for name, tensor in network.state_dict().items() if name.startswith(("path.", "prior."))}

    def _train_prior(self, network: FlowNetwork, on_step: OnStep) -> None:
        settings, prior = self.settings, network.prior
        assert prior is not None
        data = PriorExamples(
            coordinates_of(self.latents, network.path), self.conditions, self.odds, network.path.lengths
        )
        of_prior = PriorTrainSettings(settings.prior_examples, settings.drop_each, settings.drop_every, settings.seed)
        about = {"latents": self.origin, "photos": len(self.rows), "run": asdict(of_prior), "shape": prior.size}
        about |= {"network": settings.network.prior, "conditions": self.vocabulary, "balance": settings.balance}
        bf16 = self.compute.bf16
        train_prior(prior, data, of_prior, self.out / "prior.pt", about=about, bf16=bf16, on_step=on_step)

    def network(self) -> dict[str, Any]:
        """The UNet, what it is told, and whose latents it learns, for checkpoints."""
        prior = self.settings.network.prior
        return {"unet": self.unet, "conditions": self.vocabulary, "autoencoder": self.origin, "prior": prior}

    def train_batch(self) -> dict[str, float]:
        """One batch; returns the losses."""
        settings, rng, device, processes = self.settings, self.rng, self.compute.device, here()
        rows = torch.multinomial(self.odds, settings.batch, replacement=True, generator=rng)
        views = torch.randint(0, self.latents.array.shape[1], (settings.batch,), generator=rng)
        latents = self.latents.scaled(processes.mine(rows), processes.mine(views))
        told = processes.mine(dropped(self.conditions[rows], settings.drop_each, settings.drop_every, rng))
        z = processes.draw(torch.randn, (len(latents), latents[0].numel()), rng)
        noise = self._noise(z.to(device), latents.to(device), rng).cpu()
        time = processes.draw(torch.randn, (len(latents),), rng).sigmoid()  # more often midway (Esser et al. 2024)
        at = time[:, None, None, None]
        points = torch.lerp(latents, noise, at)
        with self.compute.autocast():
            velocity = self.path.velocity(self.flow, points.to(device), time.to(device), told.to(device))
        loss = F.mse_loss(velocity, (noise - latents).to(device))
        optimiser = self.nets.optimisers["flow"]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.nets.average_gradients("flow")
        clip_grad_norm_(self.nets.modules["flow"].parameters(), LONGEST_GRADIENT)
        step_at(optimiser, min(1.0, (self.steps + 1) / WARM_UP))
        self.nets.average(self.steps)
        return {"loss": loss.item()}

    def _noise(self, z: Tensor, latents: Tensor, rng: torch.Generator) -> Tensor:
        """Noise `[N,C,S,S]` from vectors `z`; with a prior, its coarse part is the latents' own, a little blurred."""
        if not self.path.coarse:
            return self.path.noise(z)
        blur = BLUR * here().draw(torch.rand, (len(z), 1), rng)
        return self.path.noise_like(latents, z, blur.to(z.device))

    def _start_from(self, path: Path) -> None:
        other = load_generator(path)
        if not isinstance(other, LatentFlow) or other.about.get("latents") != self.origin:
            raise ModelError(f"{path}: not a latent flow over this autoencoder's latents")
        if other.config.conditions != self.vocabulary:
            raise ModelError(f"{path}: it is told other conditions than this catalogue has")
        try:
            self.nets.modules["flow"].load_state_dict(other.flow.state_dict())
        except RuntimeError as error:
            raise ModelError(f"{path}: of another network than asked for ({error})") from error
        self.nets.averaged["flow"] = copied(self.nets.modules["flow"])
        self.shown = int(other.about.get("images_shown", 0))

    def save_generator(self, path: Path) -> Path:
        """Save the averaged flow with its autoencoder."""
        return save_generator(path, self.averaged_generator(), self.about())

    def about(self) -> dict[str, Any]:
        """How the flow was trained, and its autoencoder."""
        return super().about() | {"autoencoder": self.coder_about, "latents": self.origin}

    def averaged_generator(self) -> LatentFlow:
        """The generator with the averaged weights, on the CPU."""
        generator = LatentFlow(
            LatentFlowSettings(
                unet=self.unet,
                autoencoder=dict(self.coder.config),
                conditions=self.vocabulary,
                directions=self.directions,
                prior=self.settings.network.prior,
            )
        )
        generator.flow.load_state_dict(self.nets.modules["flow"].state_dict() | self.nets.averaged["flow"])
        generator.autoencoder.load_state_dict(self.coder.state_dict())
        generator.mean.copy_(self.latents.mean)
        generator.deviation.copy_(self.latents.deviation)
        generator.freeze()
        return generator

    @torch.no_grad()
    def draw(self) -> None:
        """64 samples of the averaged weights that are told nothing, always from the same noise."""
        generator = self.averaged_generator()
        z = generator.sample(64, torch.Generator().manual_seed(0)).to(self.compute.device)
        self.compute.place(generator)
        with self.compute.autocast():
            drawn = torch.cat([generator(piece) for piece in z.split(16)])
        save_png(make_grid(drawn.cpu(), nrow=8), self.out / f"samples-{self.shown:08d}.png")


def _some(rows: np.ndarray, settings: FlowTrainSettings) -> np.ndarray:
    """All rows, or `settings.photos` of them, drawn by the seed."""
    if not settings.photos or settings.photos >= len(rows):
        return rows
    return np.sort(np.random.default_rng(settings.seed).choice(rows, settings.photos, replace=False))
