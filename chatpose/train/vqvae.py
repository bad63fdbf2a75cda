"""Trains the learned baseline: `chatpose train vqvae --data FOLDER --out FOLDER --minutes M`.

Whole batches from the same mixture as chatpose's own tokenizer; AdamW; the codebook follows the averages of what is
assigned to it, and codes that nothing is near are put where something is (Razavi et al., Generating Diverse
High-Fidelity Images with VQ-VAE-2, 2019). A run is as long as asked, in minutes or in steps; checkpoints hold all of
its state, so that a broken run goes on exactly where it stopped. Settings were chosen on the validation subjects; the
test subjects aren't read.
"""

import hashlib
import json
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.rotations import geodesic_distance, rotation_6d_to_matrix
from chatpose.body.skeleton import smpl_rest_offsets
from chatpose.errors import UnreadableFileError, UnwritableFileError
from chatpose.pose_tokenizer.vqvae import BODY_JOINTS, PoseVQVAE, Quantized, body_features
from chatpose.safefiles import atomic_write, checked_file, made_folder
from chatpose.train.interrupts import Interrupt
from chatpose.train.vqvae_codebook import CodebookAverages
from chatpose.train.vqvae_settings import Budget, VQVAETraining, rate_share

log = logging.getLogger(__name__)

CHECKPOINT_NAME = "vqvae.safetensors"
TOLD_EVERY_S = 20.0


class VQVAETrainer:
    """The state of a run: model, codebook averages, optimiser, random numbers, step, seconds.

    Args:
        settings: of the run.
        rotations: (N, 24, 3, 3) to train on, without heading.
        device: where to compute.
    """

    def __init__(self, settings: VQVAETraining, rotations: Tensor, device: torch.device | str = "cpu") -> None:
        self.settings = settings
        self.features = body_features(rotations).to(device)
        self.rotations = rotations.to(device)
        self.offsets = smpl_rest_offsets().to(device)
        self.generator = torch.Generator().manual_seed(settings.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.model = PoseVQVAE(settings.model).to(device)
        self.model.half_while_training = settings.precision == "bfloat16"
        self.model.mean.copy_(self.features.mean(0))
        spread = (self.features - self.model.mean).square().mean((0, 2)).sqrt()
        self.model.spread.copy_(spread.clamp_min(0.05)[:, None])
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=(0.9, 0.99)
        )
        self.book = CodebookAverages(settings, self.model.codebook)
        self.step = 0
        self.seconds = 0.0
        digest = hashlib.sha256(json.dumps(asdict(settings), sort_keys=True).encode())
        digest.update(rotations.cpu().contiguous().numpy().tobytes())
        self.key = digest.hexdigest()

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
        self.optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip)
        self.optimizer.step()
        self.step += 1
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

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """All tensors that the next step depends on."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {"book.counts": self.book.counts, "book.sums": self.book.sums}
        for name, parameter in self.model.named_parameters():
            tensors |= {f"adam.{kind}.{name}": value for kind, value in self.optimizer.state[parameter].items()}
        tensors["generator"] = self.generator.get_state()
        return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}

    def save(self, folder: Path) -> None:
        """Writes the checkpoint, whole or not at all."""
        facts = {"key": self.key, "step": str(self.step), "seconds": repr(self.seconds)}
        with atomic_write(made_folder(folder) / CHECKPOINT_NAME) as temporary:
            temporary.write_bytes(save(self.state(), metadata=facts))

    def resume(self, folder: Path) -> bool:
        """Goes on from the checkpoint of a folder; false when there is none.

        Raises:
            UnwritableFileError: the folder holds a checkpoint of other settings or data, which would be overwritten.
            UnreadableFileError: it is damaged.
        """
        path = folder / CHECKPOINT_NAME
        if not path.exists():
            return False
        checked_file(path)
        try:
            with safe_open(path, framework="pt") as file:
                facts = file.metadata() or {}
                tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise UnreadableFileError(f"{path} is damaged: {error}", fix="remove it and begin anew") from error
        if facts.get("key") != self.key:
            raise UnwritableFileError(f"{path} is of other settings or data", fix="name another --work folder")
        self._restore(tensors)
        self.step, self.seconds = int(facts["step"]), float(facts["seconds"])
        return True

    def _restore(self, tensors: dict[str, Tensor]) -> None:
        model = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
        self.model.load_state_dict(model, strict=True)
        self.book.counts.copy_(tensors["book.counts"])
        self.book.sums.copy_(tensors["book.sums"])
        for name, parameter in self.model.named_parameters():
            kinds = [kind for kind in ("step", "exp_avg", "exp_avg_sq") if f"adam.{kind}.{name}" in tensors]
            state = {kind: tensors[f"adam.{kind}.{name}"] for kind in kinds}
            # AdamW counts its steps on the CPU.
            moved = {kind: value if kind == "step" else value.to(parameter.device) for kind, value in state.items()}
            self.optimizer.state[parameter] = moved
        self.generator.set_state(tensors["generator"])


def train(
    trainer: VQVAETrainer,
    budget: Budget,
    *,
    validation: Tensor | None = None,
    work: Path | None = None,
    checkpoint_every_s: float = 180.0,
) -> dict[str, Any]:
    """Runs to the end of the budget.

    Args:
        trainer: new, or resumed.
        budget: of the whole run, what was done before a break included.
        validation: (N, 24, 3, 3), measured at every checkpoint.
        work: where checkpoints are kept.
        checkpoint_every_s: seconds between them.

    Returns:
        Facts for the card.

    Raises:
        KeyboardInterrupt: after the step that was under way was finished and kept.
    """
    said = kept = time.monotonic()
    told: list[dict[str, Tensor]] = []
    with Interrupt() as interrupt:
        for share in _shares(trainer, budget, interrupt):
            losses = trainer.advance(share)
            told.append({name: value.detach() for name, value in losses.items()})
            now = time.monotonic()
            if now - said >= TOLD_EVERY_S:
                _tell(trainer, budget, told, now - said)
                said, told = now, []
            if work is not None and now - kept >= checkpoint_every_s:
                trainer.save(work)
                if validation is not None:
                    log.info("validation after %d steps: %s", trainer.step, _said(measured(trainer.model, validation)))
                kept = time.monotonic()
        if work is not None:
            trainer.save(work)
        if interrupt.asked:
            log.info("interrupted after %d steps", trainer.step)
            raise KeyboardInterrupt
    facts: dict[str, Any] = {"steps": trainer.step, "seconds": round(trainer.seconds)}
    if validation is not None:
        facts["validation"] = measured(trainer.model, validation)
        log.info("validation at the end: %s", _said(facts["validation"]))
    return facts


def _shares(trainer: VQVAETrainer, budget: Budget, interrupt: Interrupt) -> Iterator[float]:
    """The share of the run before each of its steps; keeps the trainer's clock."""
    last = time.monotonic()
    while not interrupt.asked and (share := budget.share(trainer.step, trainer.seconds)) < 1:
        yield share
        now = time.monotonic()
        trainer.seconds += now - last
        last = now


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


def _tell(trainer: VQVAETrainer, budget: Budget, told: list[dict[str, Tensor]], seconds: float) -> None:
    mean = {name: float(torch.stack([losses[name] for losses in told]).mean()) for name in told[0]}
    rate = len(told) * trainer.settings.batch / max(seconds, 1e-9)
    log.info(
        "%3.0f %%, step %d, %.0f poses/s: loss %.4f, %.2f mm, %.2f degrees, latents %.4f from codes",
        100 * budget.share(trainer.step, trainer.seconds),
        trainer.step,
        rate,
        mean["loss"],
        1000 * mean["metres"],
        math.degrees(mean["radians"]),
        mean["apart"],
    )


def _said(row: dict[str, float]) -> str:
    return f"{row['mm']:.2f} mm, {row['degrees']:.2f} degrees, perplexity {row['perplexity']:.2f} of the codes"
