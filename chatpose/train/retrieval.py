"""Trains the embedder: `chatpose train retrieval --data FOLDER --out FOLDER --work FOLDER --minutes M`.

Symmetric contrastive loss (van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018;
Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021). Against a text stand its
own pose, the poses of the other texts, poses that break the fewest of its claims, a variation of every entry, and the
mirror images of them all; whatever meets a text's claims isn't held against it. A linear map tells from either vector
which posecodes hold; it isn't kept. AdamW, a cosine, and the average of the weights is what is kept (Polyak and
Juditsky, 1992). Checkpoints hold all of a run's state, so that a broken run goes on exactly where it stopped.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from chatpose.posecodes.definitions import all_posecodes
from chatpose.retrieval.embedder import PoseTextTowers
from chatpose.retrieval.halves import EVEN, ODD, mirrored
from chatpose.retrieval.text_tower import TextTower
from chatpose.train.retrieval_batches import Batch, Batches
from chatpose.train.retrieval_data import RetrievalData
from chatpose.train.retrieval_settings import RetrievalTraining
from chatpose.train.retrieval_states import StateCache
from chatpose.train.trainer import Trainer, run_key
from chatpose.train.vqvae_settings import rate_share

_FACTS_SCALE = 16.0
_CLAIM_WEIGHT = 4.0
"""Of a posecode that a text claims against one that happens to hold for its pose."""


class RetrievalTrainer(Trainer):
    """The embedder's run.

    Args:
        settings: of the run.
        data: what is trained on.
        cache: states of all its sentences.
        device: where to compute.
    """

    CHECKPOINT = "retrieval.safetensors"

    def __init__(
        self, settings: RetrievalTraining, data: RetrievalData, cache: StateCache, device: torch.device | str = "cpu"
    ) -> None:
        self.settings, self.data = settings, data
        self.device = torch.device(device)
        self.batches = Batches(settings, data, cache)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            towers = PoseTextTowers(settings.model)
            facts = nn.Linear(EVEN + ODD, len(all_posecodes()))
        towers.pose.standardise(data.pool.features.float())
        self.model = nn.ModuleDict({"towers": towers, "facts": facts}).to(self.device).train()
        self.begun = 0.0  # share of the run before the first step with texts
        optimizer = torch.optim.AdamW(self._groups(), lr=settings.learning_rate, betas=(0.9, 0.98))
        key = run_key(settings, "\n".join(data.texts.sentences).encode(), data.pool.features.numpy().tobytes())
        super().__init__(self.model, optimizer, seed=settings.seed, key=key, averaged=True)

    @property
    def network(self) -> nn.ModuleDict:
        """Towers and the map to posecodes."""
        return self.model

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
        self.descend(losses["loss"], settings.clip, settings.ema)
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

    # --- what the run keeps and tells --------------------------------------------------------------------------------

    def facts(self) -> dict[str, str]:
        """Where the run of texts began."""
        return {"begun": repr(self.begun)}

    def take(self, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
        """Goes on from there."""
        self.begun = float(facts["begun"])

    def told(self, mean: Mapping[str, float], steps_a_second: float) -> str:
        """Of a line of the log."""
        if "pose" not in mean:
            return f"poses alone: posecodes {mean['facts']:.4f}"
        return (
            f"{steps_a_second * self.settings.batch:.0f} texts/s: loss {mean['loss']:.3f}, "
            f"text to pose {mean['pose']:.3f}, pose to text {mean['text']:.3f}, posecodes {mean['facts']:.3f}, "
            f"sure {mean['sure']:.2f}"
        )


def _contrast(scores: Tensor, right: Tensor) -> Tensor:
    """(N,) cross-entropy of the diagonal against whatever is wrong; other right answers don't count either way."""
    own = scores.diagonal()[:, None]
    wrong = scores.masked_fill(right, -torch.inf)
    return torch.cat([own, wrong], 1).logsumexp(1) - own[:, 0]
