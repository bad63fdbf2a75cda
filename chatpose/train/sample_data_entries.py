"""Samples about entries of the atlas: names and sentences, with their pose and true variations of it.

And names with a change ("warrior two, but with the left hand on the hip"). A changed pose is the entry's tokens with
those of a part taken from another pose that holds the change; what still holds of the entry stays in the plan.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from chatpose.corpus.instructions.bank import BankEntry
from chatpose.corpus.instructions.chance import chance_of, one, yes
from chatpose.corpus.instructions.wording import Wordings, as_typed, capital, lowered
from chatpose.corpus.samples.claims import mirrored_claim
from chatpose.corpus.samples.clauses import form_of, with_owner, without_adverb
from chatpose.corpus.samples.sayings import SayingBook
from chatpose.corpus.samples.sentences import tidy
from chatpose.posecodes.definitions import all_posecodes
from chatpose.train.sample_data_poses import ARM_COLUMNS, TORSO, PoolMaker, PosePool
from chatpose.train.sample_data_rows import Row
from chatpose.train.sample_data_statements import FAMILY_WEIGHT

OBLIQUE = ("indirect", "question")
"""Voices that don't say plainly what they mean."""
LEAST_SHARE = 0.6
"""Of an entry's statements that a row's pose must hold still."""
DONORS = 64
PLAIN = 0.7
"""Share of changes that are said by an order or of a part ("left hand on the hip"), where there is such a wording."""

_ENTRY = Wordings(
    "{name}", "{name}", "{name}", "{name}", "(a|the) {name} pose", "{name} pose", 
    "(do|show|show me|make|strike|give me) {name}",
    "somebody (doing|in) {name}", "(a person|a woman|a man|someone): {name}", "I (need|want|would like) {name}",
    "(can|could) you (do|show me|make) {name}?", "pose: {name}", "please (do|show|make) {name}",
    "{name}, (please|full body)",
    "a (figure|character|person) in {name}", "draw (a figure in |){name}", "what does {name} look like?",
)  # fmt: skip
_CHANGED_NOUN = Wordings(
    "{name}, but with {change}", "{name} but with {change}", "{name} with {change}", "{name}, with {change}",
    "{name}, only with {change}", "{name}, {change}", "{name}, {change}", "{name} except with {change}",
    "{name}, except (that |){change}", "{name} - {change}", "{name} ({change})", "{name}; {change}",
    "with {change}, otherwise {name}", "{change}, otherwise {name}", "{change}, the rest as in {name}",
    "do {name} with {change}", "show me {name} with {change}", "the {name} pose, but {change}",
    "like {name}, only {change}", "(somebody|a person|someone) doing {name} with {change}", "{name} and {change}",
    "same as {name}, {change} instead", "a variation of {name}: {change}", "{name}, however {change}",
)  # fmt: skip
_CHANGED_ORDER = Wordings(
    "{name}, but {change}", "{name} but {change}", "{name}, and {change}", "do {name}, but {change}",
    "{name}, only {change}", "start from {name} and {change}", "{name}. {Change}", "{name}, then {change}",
    "take {name} and {change}", "{change}, otherwise {name}", "in {name}, {change}", "do {name} and {change}",
)  # fmt: skip
_CHANGED_OTHER = Wordings(
    "{name}, but {change}", "{name} but {change}", "{name}, {change}", "{name}, {change}", "{name} while {change}",
    "{name}, only {change}", "{name} and {change}", "{name}, just {change}", "{change}, otherwise {name}",
    "like {name}, only {change}", "{name}. {Change}", "{name} ({change})",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class EntrySet:
    """Entries of a split.

    Attributes:
        entries: words of each.
        claims: numbers of what holds of each as it is written.
        first: place of the first one in the contexts.
        poses: rows of the pool of each, its own pose first.
    """

    entries: tuple[BankEntry, ...]
    claims: tuple[tuple[int, ...], ...]
    first: int
    poses: tuple[np.ndarray, ...]


def entry_set(entries: Sequence[BankEntry], claims: Sequence[tuple[int, ...]], pool: PosePool, first: int) -> EntrySet:
    """With the rows of the pool that are poses of each."""
    poses = tuple(np.flatnonzero(pool.entry == place) for place in range(len(entries)))
    return EntrySet(tuple(entries), tuple(claims), first, poses)


def holding(claims: Sequence[int], held: np.ndarray) -> tuple[int, ...]:
    """Those claims that are true of a pose, by `PosePool.held`."""
    return tuple(claim for claim in claims if (held[claim] == 1 if claim >= 0 else held[~claim] == -1))


def entry_rows(known: EntrySet, pool: PosePool, split: str, seed: int, poses: int, *, held_out: str = "") -> list[Row]:
    """Names and sentences of all entries, each with some of the entry's poses.

    Args:
        known: entries.
        pool: poses of theirs.
        split: of the rows.
        seed: of everything random.
        poses: rows of one text at most.
        held_out: split of a twentieth of the sentences, one row each; none are held out when empty.
    """
    made = []
    for place, entry in enumerate(known.entries):
        rng = chance_of(seed, place)
        good = [row for row in known.poses[place].tolist() if _keeps(known.claims[place], pool, row)]
        if not good:
            continue
        texts = [(name_text(rng, name), "entry") for name in entry.names for _ in range(3)]
        names = {text for text, _ in texts}
        texts += [(text, "speculative" if voice in OBLIQUE else "entry") for voice, text in entry.texts]
        for text, kind in texts:
            typed = tidy(as_typed(rng, without_adverb(text))) if kind == "entry" or yes(rng, 0.3) else text
            kept = bool(held_out) and text not in names and is_held_out(text)
            for _ in range(1 if kept else poses):
                row = good[0] if yes(rng, 0.3) else one(rng, good)
                plan = holding(known.claims[place], pool.held[row])
                made.append(Row(typed, plan, row, kind, held_out if kept else split, known.first + place))
    return list(dict.fromkeys(made))


def is_held_out(text: str) -> bool:
    """Whether a sentence about an entry is kept for validation: a twentieth, by a hash of its text."""
    return hashlib.sha256(f"sample/{text}".encode()).digest()[0] < 256 / 20


def _keeps(claims: Sequence[int], pool: PosePool, row: int) -> bool:
    return bool(claims) and len(holding(claims, pool.held[row])) >= LEAST_SHARE * len(claims)


def name_text(rng: Random, name: str) -> str:
    """A request for a name."""
    text = _ENTRY.say(rng, name=name)
    return _capital_or_not(rng, text.replace("pose pose", "pose").replace("position pose", "position"))


def _capital_or_not(rng: Random, text: str) -> str:
    return capital(text) if yes(rng, 0.35) else text


# --- with a change ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Change:
    place: int
    base: int
    claims: tuple[int, ...]
    donors: tuple[int, ...]
    parts: tuple[str, ...]


class ComposedMaker:
    """Entries with one or two changes.

    Args:
        known: entries.
        pool: poses of the same split.
        book: whose wordings.
        maker: decodes and measures.
        seed: of everything random.
    """

    def __init__(self, known: EntrySet, pool: PosePool, book: SayingBook, maker: PoolMaker, seed: int) -> None:
        self.known, self.pool, self.book, self.maker, self.seed = known, pool, book, maker, seed
        self._places = [place for place, poses in enumerate(known.poses) if len(poses)]
        self._by_part = {part: self._claims_of(part) for part in ("left_arm", "right_arm", "torso")}
        self._held: dict[int, np.ndarray] = {}

    def _claims_of(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Claims about a part, and their running weights."""
        subjects = _SUBJECTS[part]
        places = [
            place
            for place, code in enumerate(all_posecodes())
            if code.subject in subjects and code.family not in ("aligned", "ground", "pair distance")
            and self.book.single(place)
        ]  # fmt: skip
        held = (self.pool.state[:, places] == 1).mean(0)
        family = np.array([FAMILY_WEIGHT.get(all_posecodes()[place].family, 0.5) for place in places])
        weights = family * np.maximum(held, 1e-4) ** 0.4 * (held > 0)
        return np.array(places), np.cumsum(weights)

    def make(self, count: int, split: str) -> tuple[PosePool, list[Row]]:
        """Tries so many; those that came out true, with rows over the pool that is given back."""
        changes = [change for number in range(count) if (change := self._change(chance_of(self.seed, number)))]
        codes = np.concatenate([self._codes(change) for change in changes] or [np.zeros((0, 12), np.int16)])
        human = self.maker.is_human(codes)
        found = self.maker.measured(codes)
        rows, at = [], 0
        for number, change in enumerate(changes):
            reach = range(at, at + len(change.donors))
            at = reach.stop
            good = [place for place in reach if human[place] and self._good(change, found, place)]
            rng = chance_of(self.seed ^ 0x5EED, number)
            if not good or (text := self._text(rng, change)) is None:
                continue
            rows += [Row(text, self._plan(change, found, place), place, "composed", split,
                         self.known.first + change.place) for place in good[:2]]  # fmt: skip
        return found, rows

    def _change(self, rng: Random) -> _Change | None:
        place = one(rng, self._places)
        base = self.known.poses[place]
        row = int(base[0]) if yes(rng, 0.6) else int(base[int(rng.random() * len(base))])
        draw = rng.random()
        if draw < 0.62:
            parts: tuple[str, ...] = (one(rng, ("left_arm", "right_arm")),)
        elif draw < 0.8:
            parts = ("torso",)
        elif draw < 0.9:
            parts = ("left_arm", "right_arm")
        else:
            parts = (one(rng, ("left_arm", "right_arm")), "torso")
        claims: tuple[int, ...] = ()
        first: int | None = None
        for part in parts:
            if first is not None and part == "right_arm" and yes(rng, 0.7):
                claim = mirrored_claim(first)
            else:
                places, ends = self._by_part[part]
                claim = int(places[min(int(np.searchsorted(ends, rng.random() * ends[-1])), len(places) - 1)])
            if self.pool.held[row, claim] == 1 and len(parts) == 1:
                return None
            claims, first = (*claims, claim), claim
        donors = self._donors(rng, row, claims)
        return _Change(place, row, claims, donors, parts) if donors else None

    def _donors(self, rng: Random, row: int, claims: tuple[int, ...]) -> tuple[int, ...]:
        """Poses that hold the claims, of the same posture before others; for the trunk those nearest in it."""
        several = [self._holders(claim) for claim in claims]
        found = several[0]
        for more in several[1:]:
            found = np.intersect1d(found, more, assume_unique=True)
        if not len(found):
            return ()
        tried = found[[int(rng.random() * len(found)) for _ in range(DONORS)]]
        alike = (self.pool.posture[tried] == self.pool.posture[row]).astype(float)
        alike += (self.pool.codes[tried, 0] == self.pool.codes[row, 0]) * 0.5
        if any(all_posecodes()[claim].subject in _SUBJECTS["torso"] for claim in claims):
            trunk = [place for place, code in enumerate(all_posecodes()) if code.subject in ("torso", "back", "chest")]
            alike -= 0.2 * (self.pool.held[tried][:, trunk] != self.pool.held[row, trunk]).sum(1)
        best = tried[np.argsort(-alike, kind="stable")]
        return tuple(dict.fromkeys(best.tolist()))[:5]

    def _holders(self, claim: int) -> np.ndarray:
        if claim not in self._held:
            self._held[claim] = np.flatnonzero(self.pool.state[:, claim] == 1)
        return self._held[claim]

    def _codes(self, change: _Change) -> np.ndarray:
        codes = np.repeat(self.pool.codes[change.base][None], len(change.donors), axis=0)
        for part in change.parts:
            columns = TORSO if part == "torso" else ARM_COLUMNS[part.removesuffix("_arm")]
            codes[:, columns] = self.pool.codes[list(change.donors), columns]
        return codes

    def _good(self, change: _Change, found: PosePool, place: int) -> bool:
        """The change holds clearly, the posture is the same, and what isn't of the changed parts is kept."""
        if any(found.state[place, claim] != 1 for claim in change.claims):
            return False
        if found.posture[place] != self.pool.posture[change.base]:
            return False
        subjects = {subject for part in change.parts for subject in _SUBJECTS[part]} | _PAIRS
        own = holding(self.known.claims[change.place], self.pool.held[change.base])
        others = [claim for claim in own if all_posecodes()[max(claim, ~claim)].subject not in subjects]
        return len(holding(others, found.held[place])) >= 0.8 * len(others)

    def _plan(self, change: _Change, found: PosePool, place: int) -> tuple[int, ...]:
        own = holding(self.known.claims[change.place], found.held[place])
        return tuple(dict.fromkeys((*own, *change.claims)))

    def _text(self, rng: Random, change: _Change) -> str | None:
        entry = self.known.entries[change.place]
        name = one(rng, entry.names)
        short = [text for voice, text in entry.texts if voice in ("query", "casual") and len(text.split()) < 12]
        if short and yes(rng, 0.2):
            name = lowered(one(rng, short).rstrip(".!?"))
        clauses = []
        pair = tuple(sorted(change.claims))
        together = self.book.together.get(pair, ()) if len(pair) == 2 else ()
        if together and yes(rng, 0.7):
            clauses.append(one(rng, together))
        else:
            for claim in change.claims:
                texts = self.book.single(claim)
                if not texts:
                    return None
                plain = [text for text in texts if form_of(text) in ("noun", "order")]
                clauses.append(one(rng, plain if plain and yes(rng, PLAIN) else texts))
        owner = one(rng, ("the", "the", "your", "her", "his"))
        clauses = [lowered(without_adverb(with_owner(text.strip(), owner))) for text in clauses]
        joined = " and ".join(clauses)
        return tidy(as_typed(rng, _capital_or_not(rng, _changed(clauses[0]).say(
            rng, name=name, change=joined, Change=capital(joined)))))  # fmt: skip


def _changed(clause: str) -> Wordings:
    form = form_of(clause)
    if form == "order":
        return _CHANGED_ORDER
    if form == "noun":
        return _CHANGED_NOUN
    return _CHANGED_OTHER


_SUBJECTS: dict[str, frozenset[str]] = {
    **{
        f"{side}_arm": frozenset(
            f"{side} {part}" for part in ("arm", "upper arm", "elbow", "forearm", "hand", "wrist", "palm")
        )
        for side in ("left", "right")
    },
    "torso": frozenset(("head", "gaze")),
}
_PAIRS = frozenset(("arms", "hands", "elbows"))
