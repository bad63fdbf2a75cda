"""Which people train, validate and test: by person, never by frame, and written into whatever is made from them."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chatpose.corpus.packed import SPLITS, TEST_SUBJECTS, VALIDATION_SUBJECTS, Split
from chatpose.corpus.subjects import cmu_subject
from chatpose.errors import UnreadableFileError

HELD_OUT_SHARE = 0.05
"""Share of people that validate, and of those that test, where nobody has said who."""

_GIVEN: dict[str, Split] = {
    **{cmu_subject(number): "test" for number in TEST_SUBJECTS},
    **{cmu_subject(number): "validation" for number in VALIDATION_SUBJECTS},
}


@dataclass(frozen=True)
class SubjectSplits:
    """People by split, as an artefact records them.

    Attributes:
        train: names from `chatpose.corpus.subjects`, sorted.
        validation: likewise.
        test: likewise.
    """

    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for split in SPLITS:
            for subject in getattr(self, split):
                if subject in seen:
                    where = f"{seen[subject]} and {split}" if seen[subject] != split else f"{split} twice"
                    raise UnreadableFileError(
                        f"{subject} is in {where}", expected="every person in one split, once", fix="take it out of one"
                    )
                seen[subject] = split

    def by_subject(self) -> dict[str, Split]:
        """The split of each person."""
        return {subject: split for split in SPLITS for subject in getattr(self, split)}


class Splitter:
    """Says who is in which split.

    The persons of the CMU database are where every part of chatpose has them. Anybody else is drawn by a hash of the
    name: the same wherever and with whomever the person turns up.

    Args:
        given: splits that are settled already; they win over the draw, and over nothing else.

    Raises:
        UnreadableFileError: `given` has a person of the CMU database in another split than the rest of chatpose has.
    """

    def __init__(self, given: SubjectSplits | None = None) -> None:
        self._given: dict[str, Split] = dict(_GIVEN)
        for subject, split in (given or SubjectSplits()).by_subject().items():
            settled = self.of(subject) if subject.startswith("cmu/") else split
            if settled != split:
                raise UnreadableFileError(
                    f"{subject} is in {split}", expected=f"{settled}, as everywhere in chatpose", fix="move or omit it"
                )
            self._given[subject] = split

    def of(self, subject: str) -> Split:
        """The split of a person."""
        if subject in self._given:
            return self._given[subject]
        if subject.startswith("cmu/"):
            return "train"
        drawn = int.from_bytes(hashlib.sha256(f"split/{subject}".encode()).digest()[:8], "big") / 2**64
        if drawn < HELD_OUT_SHARE:
            return "test"
        return "validation" if drawn < 2 * HELD_OUT_SHARE else "train"

    def common(self, subjects: Iterable[str]) -> Split | None:
        """The split that all of some people are in, None where they aren't in one."""
        splits: list[Split] = [self.of(subject) for subject in subjects]
        return splits[0] if len(set(splits)) == 1 else None

    def recorded(self, subjects: Iterable[str]) -> SubjectSplits:
        """The splits of some people, for the record."""
        people = sorted(set(subjects))
        return SubjectSplits(*(tuple(person for person in people if self.of(person) == split) for split in SPLITS))


def splits_from_dict(stored: Mapping[str, object], where: str) -> SubjectSplits:
    """Splits from JSON: {"train": ["cmu/1", …], "validation": […], "test": […]}, any of them may be missing.

    Raises:
        UnreadableFileError: other keys, other values, or somebody in two splits; `where` names the file.
    """
    unknown = sorted(stored.keys() - set(SPLITS))
    if unknown:
        raise UnreadableFileError(f"{where}: unknown {', '.join(unknown)}", expected=", ".join(SPLITS))
    for split, people in stored.items():
        if not isinstance(people, list) or not all(isinstance(person, str) for person in people):
            raise UnreadableFileError(f"{where}: {split} isn't a list of names", expected='["cmu/1", "kit/3"]')
    try:
        return SubjectSplits(**{split: tuple(people) for split, people in stored.items()})  # pyright: ignore
    except UnreadableFileError as error:
        raise UnreadableFileError(f"{where}: {error.got}", expected=error.expected, fix=error.fix) from error
