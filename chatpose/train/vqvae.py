"""Trains the learned baseline: `chatpose train vqvae --data FOLDER --out FOLDER --minutes M`.

Whole batches from the same mixture as chatpose's own tokenizer; AdamW; the codebook follows the averages of what is
assigned to it, and codes that nothing is near are put where something is (Razavi et al., Generating Diverse
High-Fidelity Images with VQ-VAE-2, 2019). A run is as long as asked, in minutes or in steps; checkpoints hold all of
its state, so that a broken run goes on exactly where it stopped. Settings were chosen on the validation subjects; the
test subjects aren't read.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.rotations import geodesic_distance, rotation_6d_to_matrix
from chatpose.body.skeleton import smpl_rest_offsets
from chatpose.pose_tokenizer.vqvae import BODY_JOINTS, PoseVQVAE, Quantized, body_features
from chatpose.train.trainer import Trainer, run_key
from chatpose.train.vqvae_codebook import CodebookAverages
from chatpose.train.vqvae_settings import VQVAETraining, rate_share


class VQVAETrainer(Trainer):
    """The baseline's run; the codebook's averages are kept with it.

    Args:
        settings: of the run.
        rotations: (N, 24, 3, 3) to train on, without heading.
        device: where to compute.
    """

    CHECKPOINT = "vqvae.safetensors"

    def __init__(self, settings: VQVAETraining, rotations: Tensor, device: torch.device | str = "cpu") -> None:
        self.settings = settings
        self.features = body_features(rotations).to(device)
        self.rotations = rotations.to(device)
        self.offsets = smpl_rest_offsets().to(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.model = PoseVQVAE(settings.model).to(device)
        self.model.half_while_training = settings.precision == "bfloat16"
        self.model.mean.copy_(self.features.mean(0))
        spread = (self.features - self.model.mean).square().mean((0, 2)).sqrt()
        self.model.spread.copy_(spread.clamp_min(0.05)[:, None])
        optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=(0.9, 0.99)
        )
        self.book = CodebookAverages(settings, self.model.codebook)
        key = run_key(settings, rotations.cpu().contiguous().numpy().tobytes())
        super().__init__(self.model, optimizer, seed=settings.seed, key=key)

    @property
    def network(self) -> PoseVQVAE:
        """The autoencoder."""
        return self.model

    def advance(self, share: float) -> dict[str, Tensor]:
        """One step at the learning rate that belongs to a share of the run; gives what the step lost."""
        settings = self.settings
        rows = torch.randint(len(self.features), (settings.batch,), generator=self.generator).to(self.features.device)
        if not self.step:
            self.book.start(self._latents(rows), self.generator)
        made = self.model(self.features[rows])
        losses = self._losses(made, self.rotations[rows])
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * rate_share(share, settings.warmup)
        self.descend(losses["loss"], settings.clip)
        latents = made.latents.detach().flatten(0, 1)
        self.book.follow(latents, made.ids.flatten())
        if self.step % settings.reset_every == 0:
            self.book.reset_dead(latents, self.generator)
        return losses

    @torch.no_grad()
    def _latents(self, rows: Tensor) -> Tensor:
        return self.model.latents(self.features[rows]).flatten(0, 1)

    def _losses(self, made: Quantized, rotations: Tensor) -> dict[str, Tensor]:
        settings = self.settings
        found = forward_kinematics(made.rotations, self.offsets).positions
        with torch.no_grad():
            wanted = forward_kinematics(straight_hands(rotations), self.offsets).positions
        far = _length(found - wanted)[:, 1:].mean()
        # For small angles the Frobenius distance of rotations is √2 times the angle.
        turned = _length((made.rotations - rotations)[:, :BODY_JOINTS].flatten(-2)).mean() / math.sqrt(2)
        apart = (made.latents - made.codes.detach()).square().mean()
        loss = settings.position_weight * far + settings.rotation_weight * turned + settings.commitment * apart
        return {"loss": loss, "metres": far.detach(), "radians": turned.detach(), "apart": apart.detach()}

    # --- what the run keeps and tells --------------------------------------------------------------------------------

    def kept(self) -> dict[str, Tensor]:
        """The codebook's averages."""
        return {"book.counts": self.book.counts, "book.sums": self.book.sums}

    def take(self, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
        """Goes on with them."""
        self.book.counts.copy_(tensors["book.counts"])
        self.book.sums.copy_(tensors["book.sums"])

    def told(self, mean: Mapping[str, float], steps_a_second: float) -> str:
        """Of a line of the log."""
        return (
            f"{steps_a_second * self.settings.batch:.0f} poses/s: loss {mean['loss']:.4f}, "
            f"{1000 * mean['metres']:.2f} mm, {math.degrees(mean['radians']):.2f} degrees, "
            f"latents {mean['apart']:.4f} from codes"
        )


@torch.no_grad()
def measured(model: PoseVQVAE, rotations: Tensor, chunk: int = 512) -> dict[str, float]:
    """Millimetres of 23 joints, degrees of 22 rotations, and the codebook's perplexity as a share of its codes."""
    was_training = model.training
    model.eval()
    offsets = smpl_rest_offsets().to(model.codebook)
    far, turned, used = [], [], torch.zeros(model.codes)
    for part in rotations.to(model.codebook).split(chunk):
        features = body_features(part)
        made = model(features)
        truth = straight_hands(part)
        truth[:, 0] = rotation_6d_to_matrix(features[:, 0])
        found, wanted = (forward_kinematics(one, offsets).positions for one in (made.rotations, truth))
        far.append((found - wanted).norm(dim=-1)[:, 1:].mean(-1))
        turned.append(geodesic_distance(made.rotations, truth)[:, :BODY_JOINTS].mean(-1))
        used += torch.bincount(made.ids.flatten().cpu(), minlength=model.codes)
    model.train(was_training)
    entropy = torch.special.entr(used / used.sum()).sum()
    return {
        "mm": float(torch.cat(far).mean()) * 1000,
        "degrees": float(torch.rad2deg(torch.cat(turned)).mean()),
        "perplexity": float(entropy.exp()) / model.codes,
    }


def straight_hands(rotations: Tensor) -> Tensor:
    """A copy whose hands aren't turned; their places stay."""
    straight = rotations.clone()
    straight[:, BODY_JOINTS:] = torch.eye(3).to(rotations)
    return straight


def _length(vectors: Tensor) -> Tensor:
    """Lengths with a gradient at 0."""
    return (vectors.square().sum(-1) + 1e-10).sqrt()


def said(row: dict[str, float]) -> str:
    """A measured row in words."""
    return f"{row['mm']:.2f} mm, {row['degrees']:.2f} degrees, perplexity {row['perplexity']:.2f} of the codes"
