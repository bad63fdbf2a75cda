"""Conversations as examples: rendered by the model's own templates, with a run's weights and known tokens of poses."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from chatpose.body.pose import Pose
from chatpose.corpus.instructions.bank import PoseBank
from chatpose.corpus.instructions.messages import Conversation, ImagePart, Part, PosePart
from chatpose.language.rendering import Rendered, Renderer
from chatpose.pose_tokenizer.config import PARTS
from chatpose.pose_tokenizer.tokens import PoseTokens
from chatpose.train.language_packing import Example
from chatpose.train.language_settings import ROLES, LanguageTraining


class Maker:
    """Renders conversations with the weights of a run.

    Args:
        renderer: of the model.
        settings: of the run.
        banks: that know the tokens of their poses.
    """

    def __init__(self, renderer: Renderer, settings: LanguageTraining, banks: Sequence[PoseBank] = ()) -> None:
        self.renderer = renderer
        self.role_weights = torch.tensor([settings.role_weight(role) for role in range(len(ROLES))])
        ours = (renderer.level, renderer.vocabulary.fingerprint)
        self.banks = [bank for bank in banks if (bank.head.level, bank.head.fingerprint) == ours]

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """Looks poses' tokens up where a bank knows them, and for all the others at once: one by one is slow."""
        encoded = []
        for pose in self._written(conversations):
            known = self._known(pose)
            if known is None:
                encoded.append(pose)
            else:
                self.renderer.remember(pose, known)
        if encoded:
            self.renderer.tokens_of(encoded)

    def _written(self, conversations: Sequence[Conversation]) -> Iterator[Pose]:
        """The poses that are told in tokens."""
        for conversation in conversations:
            for message in conversation.messages:
                for part in message.parts:
                    pose = self._pose_of(part, message.role)
                    if pose is not None:
                        yield pose

    def _pose_of(self, part: Part, role: str) -> Pose | None:
        if isinstance(part, PosePart):
            return None if role == "assistant" and self.renderer.mode == "regression" else part.pose
        return part.pose if isinstance(part, ImagePart) and not self.renderer.has_eyes else None

    def _known(self, pose: Pose) -> PoseTokens | None:
        words = self.renderer.vocabulary
        for bank in self.banks:
            found = bank.find(pose)
            if found is not None:
                row, turn = found
                numbers = torch.from_numpy(np.array(bank.arrays["tokens"][row])).long()
                parts = numbers[1:].split([self.renderer.stages[name] for name in PARTS])
                codes = {name: several[None] for name, several in zip(PARTS, parts, strict=True)}
                heading = (numbers[:1] + turn) % words.config.heading_bins
                return PoseTokens(heading, codes, words.config.heading_bins, words.fingerprint)
        return None

    def __call__(self, conversation: Conversation) -> Example:
        """As the model learns it."""
        return example_of(self.renderer.render(conversation), self.role_weights, self.renderer.mode == "regression")


def example_of(rendered: Rendered, role_weights: torch.Tensor, regress: bool) -> Example:
    """A rendered conversation with weights by role and stage, and with the poses to regress."""
    weights = rendered.weights * role_weights[rendered.roles.long()]
    if not regress or not rendered.poses:
        return Example(rendered.input_ids, rendered.roles, weights, rendered.images)
    return Example(
        rendered.input_ids,
        rendered.roles,
        weights,
        rendered.images,
        torch.stack([pose.local_rotations.float() for pose in rendered.poses]),
        torch.tensor(rendered.pose_places, dtype=torch.long),
    )
