"""Trains the embedder: `chatpose train retrieval --data FOLDER --out FOLDER --work FOLDER --minutes M`.

Symmetric contrastive loss (van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018;
Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021). Against a text stand its
own pose, the poses of the other texts, poses that break the fewest of its claims, a variation of every entry, and the
mirror images of them all; whatever meets a text's claims isn't held against it. A linear map tells from either vector
which posecodes hold; it isn't kept. AdamW, a cosine, and the average of the weights is what is kept (Polyak and
Juditsky, 1992). Checkpoints hold all of a run's state, so that a broken run goes on exactly where it stopped.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from chatpose.errors import UnreadableFileError, UnwritableFileError
from chatpose.posecodes.definitions import all_posecodes
from chatpose.retrieval.embedder import PoseTextTowers
from chatpose.retrieval.halves import EVEN, ODD, mirrored
from chatpose.retrieval.text_tower import TextTower
from chatpose.safefiles import atomic_write, checked_file, made_folder
from chatpose.train.interrupts import Interrupt
from chatpose.train.retrieval_batches import Batch, Batches
from chatpose.train.retrieval_data import RetrievalData
from chatpose.train.retrieval_settings import RetrievalTraining
from chatpose.train.retrieval_states import StateCache
from chatpose.train.vqvae_settings import Budget, rate_share

log = logging.getLogger(__name__)

CHECKPOINT_NAME = "retrieval.safetensors"
TOLD_EVERY_S = 20.0
_FACTS_SCALE = 16.0
_CLAIM_WEIGHT = 4.0
"""Of a posecode that a text claims against one that happens to hold for its pose."""


class RetrievalTrainer:
    """The state of a run: towers, their average, optimiser, random numbers, step, seconds.

    Args:
        settings: of the run.
        data: what is trained on.
        cache: states of all its sentences.
        device: where to compute.
    """

    def __init__(
        self, settings: RetrievalTraining, data: RetrievalData, cache: StateCache, device: torch.device | str = "cpu"
    ) -> None:
        self.settings, self.data = settings, data
        self.device = torch.device(device)
        self.batches = Batches(settings, data, cache)
        self.generator = torch.Generator().manual_seed(settings.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            towers = PoseTextTowers(settings.model)
            facts = nn.Linear(EVEN + ODD, len(all_posecodes()))
        towers.pose.standardise(data.pool.features.float())
        self.model = nn.ModuleDict({"towers": towers, "facts": facts}).to(self.device).train()
        self.average = {name: value.detach().clone() for name, value in self.model.named_parameters()}
        self.optimizer = torch.optim.AdamW(self._groups(), lr=settings.learning_rate, betas=(0.9, 0.98))
        self.step = 0
        self.seconds = 0.0
        self.begun = 0.0  # share of the run before the first step with texts
        digest = hashlib.sha256(json.dumps(asdict(settings), sort_keys=True).encode())
        digest.update("\n".join(data.texts.sentences).encode())
        digest.update(data.pool.features.numpy().tobytes())
        self.key = digest.hexdigest()

    @property
    def towers(self) -> PoseTextTowers:
        """What is trained."""
        towers = self.model["towers"]
        if not isinstance(towers, PoseTextTowers):
            raise TypeError("the towers were exchanged")
        return towers

    def _groups(self) -> list[dict[str, Any]]:
        """Matrices decay, the rest doesn't."""
        of_poses = {id(one) for one in self.towers.pose.parameters()}
        return [
            {
                "params": [
                    one
                    for one in self.model.parameters()
                    if (id(one) in of_poses) == poses and (one.ndim > 1) == matrices
                ],
                "weight_decay": self.settings.weight_decay if matrices else 0.0,
                "poses": poses,
            }
            for poses in (True, False)
            for matrices in (True, False)
        ]

    def advance(self, share: float) -> dict[str, Tensor]:
        """One step at the learning rate that belongs to a share of the run; gives what the step lost.

        The first `pose_steps` are of the pose tower alone and have a rate of their own.
        """
        settings = self.settings
        alone = self.step < settings.pose_steps
        if alone:
            self.begun = share
            rate = rate_share(self.step / settings.pose_steps, settings.warmup)
        else:
            rate = rate_share((share - self.begun) / max(1 - self.begun, 1e-9), settings.warmup)
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            # Dropout depends on the step alone, so that a resumed run is the same run.
            torch.manual_seed(settings.seed * 1_000_003 + self.step)
            losses = self.pose_losses() if alone else self.losses(self.batches.draw(self.generator))
        for group in self.optimizer.param_groups:
            slower = settings.pose_rate if group["poses"] and not alone else 1.0
            group["lr"] = settings.learning_rate * rate * slower
        self.optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip)
        self.optimizer.step()
        self.step += 1
        kept = min(settings.ema, self.step / (self.step + 10))
        with torch.no_grad():
            for name, value in self.model.named_parameters():
                self.average[name].lerp_(value, 1 - kept)
        return losses

    def pose_losses(self) -> dict[str, Tensor]:
        """Of telling from poses' vectors which posecodes hold."""
        pool, device = self.data.pool, self.device
        rows = torch.randint(len(pool), (self.settings.pose_batch,), generator=self.generator)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.settings.precision == "bfloat16"):
            poses = self.towers.pose(pool.features[rows].to(device).float())
        told = self.model["facts"](_FACTS_SCALE * poses[:, : EVEN + ODD])
        holds = pool.holds[rows, : len(all_posecodes())].float().to(device)
        loss = nn.functional.binary_cross_entropy_with_logits(told, holds)
        return {"loss": loss, "facts": loss}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Of a batch, as the settings weigh them."""
        settings, device, towers = self.settings, self.device, self.towers
        rows = self.data.pool.features[batch.rows].to(device).float()
        with torch.autocast(device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
            poses = towers.pose(rows)
            read = torch.cat([towers.text.read(one.states.to(device), one.mask.to(device)) for one in batch.read])
        texts = TextTower.vectors(read.float(), batch.straight.to(device), batch.exchanged.to(device))
        scale = towers.log_scale.exp().clamp(max=settings.largest_scale)
        straight, turned = scale * texts @ poses.T, scale * texts @ mirrored(poses).T
        right, right_mirrored = batch.right.to(device), batch.right_mirrored.to(device)
        to_pose = _contrast(torch.cat([straight, turned], 1), torch.cat([right, right_mirrored], 1))
        own = len(texts)
        # A pose against a text with the sides exchanged is its mirror image against the text.
        columns = torch.cat([straight[:, :own].T, turned[:, :own].T], 1)
        to_text = _contrast(columns, torch.cat([right[:, :own].T, right_mirrored[:, :own].T], 1))
        facts = self._facts(texts, poses, batch)
        # Among some thousand wrong poses the own mirror image hardly counts; for who says "left" it is the worst.
        sided = ~right_mirrored[:, :own].diagonal()
        sides = nn.functional.softplus(turned[:, :own].diagonal() - straight[:, :own].diagonal())[sided].sum() / own
        loss = to_pose.mean() + to_text.mean() + settings.aux * facts + settings.side * sides
        first = (to_pose < 0.693).float().mean()  # the own pose has half of the chances or more
        return {
            "loss": loss,
            "pose": to_pose.mean(),
            "text": to_text.mean(),
            "facts": facts,
            "sides": sides,
            "sure": first,
        }

    def _facts(self, texts: Tensor, poses: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy of the posecodes that a vector tells."""
        facts, size, device = self.model["facts"], len(all_posecodes()), self.device
        holds = self.data.pool.holds[batch.rows][:, :size].float().to(device)
        claims = (batch.wanted + batch.denied)[:, :size].to(device)
        told, shown = (facts(_FACTS_SCALE * vectors[:, : EVEN + ODD]) for vectors in (texts, poses))
        of_texts = nn.functional.binary_cross_entropy_with_logits(told, holds[: len(texts)], reduction="none")
        weights = 1 + _CLAIM_WEIGHT * claims
        return (of_texts * weights).sum() / weights.sum() + nn.functional.binary_cross_entropy_with_logits(shown, holds)

    def averaged(self) -> PoseTextTowers:
        """The towers with averaged weights, rounded as they are stored, on the CPU."""
        state = self.model.state_dict() | self.average
        inside = {name.removeprefix("towers."): value for name, value in state.items() if name.startswith("towers.")}
        stored = {name: value.detach().cpu().to(torch.float16) for name, value in inside.items()}
        return PoseTextTowers.from_tensors(self.settings.model, stored)

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """All tensors that the next step depends on."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"average.{name}": tensor for name, tensor in self.average.items()}
        for name, parameter in self.model.named_parameters():
            tensors |= {f"adam.{kind}.{name}": value for kind, value in self.optimizer.state[parameter].items()}
        tensors["generator"] = self.generator.get_state()
        return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}

    def save(self, folder: Path) -> None:
        """Writes the checkpoint, whole or not at all."""
        facts = {"key": self.key, "step": str(self.step), "seconds": repr(self.seconds), "begun": repr(self.begun)}
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
        self.step, self.seconds, self.begun = (
            int(facts["step"]),
            float(facts["seconds"]),
            float(facts["begun"]),
        )
        return True

    def _restore(self, tensors: dict[str, Tensor]) -> None:
        model = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
        self.model.load_state_dict(model, strict=True)
        for name, parameter in self.model.named_parameters():
            self.average[name] = tensors[f"average.{name}"].to(self.device)
            kinds = [kind for kind in ("step", "exp_avg", "exp_avg_sq") if f"adam.{kind}.{name}" in tensors]
            state = {kind: tensors[f"adam.{kind}.{name}"] for kind in kinds}
            # AdamW counts its steps on the CPU.
            moved = {kind: value if kind == "step" else value.to(self.device) for kind, value in state.items()}
            self.optimizer.state[parameter] = moved
        self.generator.set_state(tensors["generator"])


def _contrast(scores: Tensor, right: Tensor) -> Tensor:
    """(N,) cross-entropy of the diagonal against whatever is wrong; other right answers don't count either way."""
    own = scores.diagonal()[:, None]
    wrong = scores.masked_fill(right, -torch.inf)
    return torch.cat([own, wrong], 1).logsumexp(1) - own[:, 0]


def train(
    trainer: RetrievalTrainer,
    budget: Budget,
    *,
    validate: Callable[[PoseTextTowers], str] | None = None,
    work: Path | None = None,
    checkpoint_every_s: float = 180.0,
) -> dict[str, Any]:
    """Runs to the end of the budget.

    Args:
        trainer: new, or resumed.
        budget: of the whole run, what was done before a break included.
        validate: says how good the averaged towers are; asked at every checkpoint.
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
        for share in _run(trainer, budget, interrupt):
            losses = trainer.advance(share)
            told.append({name: value.detach() for name, value in losses.items()})
            now = time.monotonic()
            if now - said >= TOLD_EVERY_S:
                _tell(trainer, budget, told, now - said)
                said, told = now, []
            if now - kept >= checkpoint_every_s:
                if work is not None:
                    trainer.save(work)
                if validate is not None:
                    log.info("after %d steps: %s", trainer.step, validate(trainer.averaged()))
                kept = time.monotonic()
        if work is not None:
            trainer.save(work)
        if interrupt.asked:
            log.info("interrupted after %d steps", trainer.step)
            raise KeyboardInterrupt
    return {"steps": trainer.step, "seconds": round(trainer.seconds)}


def _run(trainer: RetrievalTrainer, budget: Budget, interrupt: Interrupt) -> Iterator[float]:
    """The share of the run before each of its steps; keeps the trainer's clock."""
    last = time.monotonic()
    while not interrupt.asked and (share := budget.share(trainer.step, trainer.seconds)) < 1:
        yield share
        now = time.monotonic()
        trainer.seconds += now - last
        last = now


def _tell(trainer: RetrievalTrainer, budget: Budget, told: list[dict[str, Tensor]], seconds: float) -> None:
    mean = {name: float(torch.stack([one[name] for one in told if name in one]).mean()) for name in told[-1]}
    if "pose" not in mean:
        log.info("step %d, poses alone: posecodes %.4f", trainer.step, mean["facts"])
        return
    log.info(
        "%3.0f %%, step %d, %.0f texts/s: loss %.3f, text to pose %.3f, pose to text %.3f, posecodes %.3f, sure %.2f",
        100 * budget.share(trainer.step, trainer.seconds),
        trainer.step,
        len(told) * trainer.settings.batch / max(seconds, 1e-9),
        mean["loss"],
        mean["pose"],
        mean["text"],
        mean["facts"],
        mean["sure"],
    )
