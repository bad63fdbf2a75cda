"""What a generator of conversations is."""

from abc import ABC, abstractmethod
from random import Random
from typing import ClassVar, Protocol, runtime_checkable

from chatpose.corpus.instructions.bank import PoseBank
from chatpose.corpus.instructions.messages import Conversation
from chatpose.corpus.instructions.told import Told


@runtime_checkable
class Task(Protocol):
    """Makes conversations of one kind."""

    name: str

    def draw(self, bank: PoseBank, rng: Random) -> Conversation:
        """A conversation about poses of a bank; all chance is from `rng`."""
        ...


class ToldTask(ABC):
    """A task that says what its conversations claim, for tests and reports.

    Attributes:
        name: of the task.
    """

    name: ClassVar[str]

    @abstractmethod
    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""

    def draw(self, bank: PoseBank, rng: Random) -> Conversation:
        """A conversation."""
        return self.tell(bank, rng).conversation

    def possible(self, bank: PoseBank) -> bool:
        """Whether the bank has what the task needs."""
        return len(bank) > 0
