"""Plans, poses and tool calls that a model wrote into its text, in chatpose's markup."""

import re
import threading
from dataclasses import dataclass

from chatpose.agent.backends.protocol import BackendError
from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import PlanPart, ToolCall, ToolResult
from chatpose.errors import ChatposeError
from chatpose.language.markup import Guard, MarkupReader, PoseBlock
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.pose_tokenizer.tokens import PoseTokens
from chatpose.pose_tokenizer.vocabulary import PoseVocabulary

_MARKUP = re.compile(r"</?(?:pose|plan|tool_call)>")


@dataclass(frozen=True, eq=False)
class Written:
    """What a text holds.

    Attributes:
        text: the words.
        plan: statements of its plans.
        poses: in order; edits as the whole pose that they make.
        calls: in order.
        errors: of markup that is broken, and was left out.
    """

    text: str
    plan: tuple[str, ...] = ()
    poses: tuple[Pose, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    errors: tuple[str, ...] = ()


class WrittenReader:
    """Reads texts of models that were never shown to chatpose's own tokenizer. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._poses: PoseTokenizer | None = None
        self._reader: MarkupReader | None = None

    def read(self, text: str, current: Pose | None = None) -> Written:
        """What a text says.

        Args:
            text: without thoughts.
            current: the pose on screen, which a pose of some parts changes.
        """
        if not _MARKUP.search(text):
            return Written(text)
        poses, reader = self._opened()
        reading = reader.read(text)
        words: list[str] = []
        plan: list[str] = []
        made: list[Pose] = []
        calls: list[ToolCall] = []
        errors = [str(error) for error in reading.errors]
        for element in reading.elements:
            if isinstance(element, str):
                words.append(element)
            elif isinstance(element, PlanPart):
                plan += element.statements
            elif isinstance(element, ToolCall):
                calls.append(element)
            elif isinstance(element, ToolResult):
                errors.append("a tool's result, which only tools can give")
            else:
                try:
                    made.append(self._pose(element, poses, current))
                except ChatposeError as error:
                    errors.append(str(error))
        return Written(" ".join(words), tuple(plan), tuple(made), tuple(calls), tuple(errors))

    def _pose(self, block: PoseBlock, poses: PoseTokenizer, current: Pose | None) -> Pose:
        base: PoseTokens | None = None
        if not block.whole and current is not None:
            base = poses.encode(current)
        vocabulary = PoseVocabulary(poses.config, poses.codebook_fingerprint, 0)
        return poses.decode(block.tokens(vocabulary, base))[0]

    def _opened(self) -> tuple[PoseTokenizer, MarkupReader]:
        with self._lock:
            if self._poses is None or self._reader is None:
                try:
                    self._poses = PoseTokenizer.load()
                except ChatposeError as error:
                    raise BackendError(f"a reply with pose tokens can't be read: {error.got}", fix=error.fix) from error
                vocabulary = PoseVocabulary(self._poses.config, self._poses.codebook_fingerprint, 0)
                self._reader = MarkupReader(vocabulary, None, Guard())
            return self._poses, self._reader
