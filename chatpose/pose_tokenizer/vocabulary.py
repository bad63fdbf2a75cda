"""The words: one a heading, one a code of each stage of each part, and the text form, strictly read.

    <pose> <heading:12> <root:1:401> <root:2:77> <torso:1:5> … <right_leg:2:118> </pose>

Stages count from 1, codes from 0. Parts come in a fixed order, each part's stages from the first on, as many as one
likes: every prefix is a pose. Ids are one range: begin, end, headings, then the codes slot by slot.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from chatpose.errors import InvalidTokensError, unknown_name
from chatpose.pose_tokenizer.config import PARTS, PoseTokenizerConfig, Stages
from chatpose.pose_tokenizer.tokens import PoseTokens

BEGIN, END, HEADING = "<pose>", "</pose>", "heading"
_WORD = re.compile(r"<([a-z_]+):(?:(\d{1,3}):)?(\d{1,6})>", re.ASCII)
MAX_TEXT = 100_000
"""Characters of a text that is looked at; 32 tokens take about 600."""


@dataclass(frozen=True, order=True)
class Slot:
    """What a token tells: the heading, or a stage of a part.

    Attributes:
        part: one of `PARTS`, or "heading".
        stage: from 1; 0 of the heading.
    """

    part: str
    stage: int

    def __str__(self) -> str:
        return f"{self.part} stage {self.stage}" if self.stage else self.part

    def word(self, code: int) -> str:
        """The text of a token."""
        return f"<{self.part}:{self.stage}:{code}>" if self.stage else f"<{self.part}:{code}>"


@dataclass(frozen=True)
class PoseVocabulary:
    """Which token has which id.

    Attributes:
        config: of the pose tokenizer.
        fingerprint: of its codebooks.
        first_id: of the range.
    """

    config: PoseTokenizerConfig
    fingerprint: str
    first_id: int = 0

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """In the order of a whole pose."""
        stages = self.config.stages
        return (
            Slot(HEADING, 0),
            *(Slot(part, stage) for part in PARTS for stage in range(1, stages.of(part) + 1)),
        )

    @cached_property
    def _place(self) -> dict[Slot, int]:
        return {slot: place for place, slot in enumerate(self.slots)}

    @property
    def begin(self) -> int:
        """Id of `<pose>`."""
        return self.first_id

    @property
    def end(self) -> int:
        """Id of `</pose>`."""
        return self.first_id + 1

    def __len__(self) -> int:
        return 2 + self.config.heading_bins + (len(self.slots) - 1) * self.config.codes

    def range_of(self, slot: Slot) -> range:
        """The ids of a slot.

        Raises:
            InvalidTokensError: no such slot.
        """
        if slot not in self._place:
            raise InvalidTokensError(f"no slot {slot}", expected=f"{PARTS[0]} stage 1 … {self.slots[-1]}")
        start = self.first_id + 2
        if not slot.stage:
            return range(start, start + self.config.heading_bins)
        start += self.config.heading_bins + (self._place[slot] - 1) * self.config.codes
        return range(start, start + self.config.codes)

    def slot_of(self, token_id: int) -> tuple[Slot, int]:
        """Slot and code of an id, which is neither begin nor end.

        Raises:
            InvalidTokensError: not in the range.
        """
        place = token_id - self.first_id - 2
        if not 0 <= place < len(self) - 2:
            raise InvalidTokensError(
                f"id {token_id}", expected=f"{self.first_id} to {self.first_id + len(self) - 1}, a pose token"
            )
        if place < self.config.heading_bins:
            return self.slots[0], place
        slot, code = divmod(place - self.config.heading_bins, self.config.codes)
        return self.slots[1 + slot], code

    def word(self, token_id: int) -> str:
        """The text of an id."""
        if token_id in (self.begin, self.end):
            return BEGIN if token_id == self.begin else END
        slot, code = self.slot_of(token_id)
        return slot.word(code)

    def words(self) -> Iterator[str]:
        """All texts in the order of their ids."""
        return (self.word(token_id) for token_id in range(self.first_id, self.first_id + len(self)))

    # --- whole poses ---------------------------------------------------------------------------------------------

    def to_ids(self, tokens: PoseTokens) -> Tensor:
        """(N, length) ids with begin and end.

        Raises:
            InvalidTokensError: tokens of another codebook.
        """
        self._check_fingerprint(tokens.fingerprint)
        count = len(tokens)
        columns = [tokens.heading + self.range_of(self.slots[0]).start]
        for part, codes in tokens.codes.items():
            starts = [self.range_of(Slot(part, stage + 1)).start for stage in range(codes.shape[1])]
            columns += [codes[:, stage] + start for stage, start in enumerate(starts)]
        begin, end = (torch.full((count,), marker) for marker in (self.begin, self.end))
        return torch.stack([begin, *(column.cpu() for column in columns), end], dim=-1)

    def from_ids(self, ids: Sequence[int] | Tensor, stages: Stages | Mapping[str, int] | None = None) -> PoseTokens:
        """One pose from ids with begin and end.

        Args:
            ids: of one pose.
            stages: how many are wanted; any number of at least one in each part when absent.

        Raises:
            InvalidTokensError: naming the position and what was expected there.
        """
        numbers = ids.tolist() if isinstance(ids, Tensor) else list(ids)
        wanted = self._wanted(stages)
        if not numbers or numbers[0] != self.begin:
            raise _at(0, self._told(numbers[0]) if numbers else "nothing", BEGIN)
        codes: dict[str, list[int]] = {part: [] for part in (HEADING, *PARTS)}
        last: Slot | None = None
        for position, number in enumerate(numbers[1:], 1):
            follow = self._following(last, wanted)
            if number == self.end and None in follow:
                break
            last, code = self._expect(number, position, follow)
            codes[last.part].append(code)
        else:
            raise _at(len(numbers), "it ends here", _listed(self._following(last, wanted)), "too short")
        if position + 1 < len(numbers):
            raise _at(position + 1, self._told(numbers[position + 1]), f"nothing after {END}", "too long")
        heading = codes.pop(HEADING)
        several = {part: torch.tensor([row], dtype=torch.long) for part, row in codes.items()}
        return PoseTokens(torch.tensor(heading), several, self.config.heading_bins, self.fingerprint)

    def to_text(self, tokens: PoseTokens) -> list[str]:
        """The text form of each pose."""
        return [" ".join(map(self.word, row)) for row in self.to_ids(tokens).tolist()]

    def from_text(
        self, text: str, stages: Stages | Mapping[str, int] | None = None, *, fingerprint: str | None = None
    ) -> PoseTokens:
        """One pose from its text form; blanks between words don't matter.

        Args:
            text: from `<pose>` to `</pose>`.
            stages: how many are wanted.
            fingerprint: of the codebooks that the text was written with, where that is known.

        Raises:
            InvalidTokensError: naming the position of the bad word, counted from 0.
        """
        if fingerprint is not None:
            self._check_fingerprint(fingerprint)
        if len(text) > MAX_TEXT:
            raise InvalidTokensError(f"a text of {len(text)} characters", expected=f"one pose, at most {MAX_TEXT}")
        words = text.replace("<", " <").replace(">", "> ").split()
        return self.from_ids([self.id_of(word, position) for position, word in enumerate(words)], stages)

    def id_of(self, word: str, position: int | None = None) -> int:
        """The id of a text.

        Raises:
            InvalidTokensError: no pose token, an unknown slot, or a code out of range.
        """
        if word in (BEGIN, END):
            return self.begin if word == BEGIN else self.end
        found = _WORD.fullmatch(word)
        if found is None:
            raise _at(position, repr(word[:40]), "a pose token such as <left_arm:2:117>")
        slot = Slot(found[1], int(found[2] or 0))
        if slot not in self._place:
            raise _at(position, f"{word} of an unknown slot", f"one of {', '.join((HEADING, *PARTS))} and their stages")
        ids, code = self.range_of(slot), int(found[3])
        if code >= len(ids):
            raise _at(position, f"{word} out of range", f"{slot} from 0 to {len(ids) - 1}")
        return ids[code]

    # --- order ---------------------------------------------------------------------------------------------------

    def following(self, slot: Slot | None, stages: Stages | Mapping[str, int] | None = None) -> tuple[Slot | None, ...]:
        """Which slots may come after a slot (after `<pose>` when None); None among them stands for `</pose>`."""
        return self._following(slot, self._wanted(stages))

    def _following(self, slot: Slot | None, wanted: Mapping[str, int] | None) -> tuple[Slot | None, ...]:
        if slot is None:
            return (self.slots[0],)
        if not slot.stage:
            return (Slot(PARTS[0], 1),)
        most = self.config.stages.of(slot.part) if wanted is None else wanted[slot.part]
        here = PARTS.index(slot.part)
        after = Slot(PARTS[here + 1], 1) if here + 1 < len(PARTS) else None
        more = (Slot(slot.part, slot.stage + 1),) if slot.stage < most else ()
        return more if more and wanted is not None else (*more, after)

    def _wanted(self, stages: Stages | Mapping[str, int] | None) -> Mapping[str, int] | None:
        wanted = stages.by_part() if isinstance(stages, Stages) else stages
        if wanted is not None:
            for part in PARTS:
                if part not in wanted:
                    raise unknown_name("part", part, wanted)
                if not 1 <= wanted[part] <= self.config.stages.of(part):
                    raise InvalidTokensError(
                        f"{wanted[part]} stages of {part}", expected=f"1 to {self.config.stages.of(part)}"
                    )
        return wanted

    def _expect(self, number: int, position: int, slots: Sequence[Slot | None]) -> tuple[Slot, int]:
        if number in (self.begin, self.end):
            raise _at(position, self._told(number), _listed(slots), "too short" if number == self.end else "")
        try:
            slot, code = self.slot_of(number)
        except InvalidTokensError as error:
            raise _at(position, error.got, error.expected) from None
        if slot not in slots:
            where = "too long" if tuple(slots) == (None,) else "out of order"
            raise _at(position, slot.word(code), _listed(slots), where)
        return slot, code

    def _told(self, number: int) -> str:
        inside = 0 <= number - self.first_id < len(self)
        return self.word(number) if inside else f"id {number}"

    def _check_fingerprint(self, fingerprint: str) -> None:
        if fingerprint != self.fingerprint:
            raise InvalidTokensError(
                f"tokens of the codebook {fingerprint[:12]}",
                expected=f"of {self.fingerprint[:12]}",
                fix="use the tokenizer they were made with, or encode the poses anew",
            )


def _listed(slots: Sequence[Slot | None]) -> str:
    return " or ".join(END if slot is None else str(slot) for slot in slots)


def _at(position: int | None, got: str, expected: str, what: str = "") -> InvalidTokensError:
    where = "" if position is None else f"token {position}: "
    told = f"{what}: {got}" if what else got
    return InvalidTokensError(f"{where}{told}", expected=expected, position=position)
