"""Samples that claim things: one to five statements of a pose in the phrasebook's words, the rest as nobody says it.

The statement that a text begins with is drawn first, rarer ones more often than they come; then a pose that holds it
and of which not too much else would have to be said; then what else is to be said, every region first that isn't at
rest. The posture is named unless somebody stands. A text goes with several poses: all those that hold what it claims
and are at rest where it says nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch

from chatpose.corpus.instructions.chance import chance_of, one, shuffled, yes
from chatpose.corpus.samples.claims import mirrored_claim, mirrored_places
from chatpose.corpus.samples.clauses import Form, for_both, form_of
from chatpose.corpus.samples.holders import REGIONS, Holders, regions_in
from chatpose.corpus.samples.postures import POSTURES, STANDING, posture_columns
from chatpose.corpus.samples.sayings import SayingBook
from chatpose.corpus.samples.sentences import compose
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.grammar import measures_by_name
from chatpose.posecodes.phrasebook import NumberSaying
from chatpose.posecodes.selection import Lore, lore, region_of
from chatpose.train.sample_data_claims import codes_around
from chatpose.train.sample_data_poses import PosePool
from chatpose.train.sample_data_rows import Row

POSTURE_SHARES = {
    "standing": 0.68, "on one leg": 0.04, "bending forward": 0.03, "lunging": 0.04, "squatting": 0.025,
    "sitting on the floor": 0.04, "sitting on a chair": 0.035, "on one knee": 0.025, "kneeling": 0.03,
    "on all fours": 0.015, "in a plank": 0.01, "lying on the back": 0.02, "lying on the front": 0.012,
    "lying on a side": 0.012, "upside down": 0.016,
}  # fmt: skip
FLATTER = 0.6
"""Statements are drawn by their frequency to the power of 1 − this."""
FAMILY_WEIGHT = {
    "aligned": 0.03, "near": 0.5, "touch": 0.6, "above": 0.4, "front": 0.5, "crossed": 0.5, "ground": 0.6,
    "direction": 0.6, "bend": 1.3, "arm raise": 1.3, "limbs": 2.5, "posture": 1.3, "incline": 1.2, "head": 1.5,
    "palm": 0.6, "pair distance": 0.8, "hip bend": 0.4, "foot": 0.7, "beyond": 0.6, "aside": 0.6,
}  # fmt: skip
"""How likely people are to speak of a kind of fact."""
OF_ANYBODY = 0.4
"""Times as likely what holds of most who stand at ease (legs straight, gaze level)."""
CLAIM_COUNTS = (0.27, 0.27, 0.21, 0.15, 0.10)
STYLE_SHARES = {"clauses": 0.60, "idiom": 0.15, "caption": 0.15, "number": 0.10}
FORMS: tuple[tuple[Form | None, float], ...] = (("noun", 0.4), ("order", 0.22), (None, 0.38))
"""Shares of texts that are of fragments ("left hand on the hip"), of orders, and of whatever comes."""
DENIALS = 0.04
STANDING_SAID, POSTURE_SAID = 0.22, 0.97
UNTOLD = 0.12
"""Share of texts that leave one region unsaid though it isn't at rest."""
POSES = 3
"""Of one text at most."""
_NUMBER_STEP = {"°": 5.0, "%": 5.0, "m": 0.05}
_NUMBER_TOLERANCE = {"°": 3.0, "%": 3.0, "m": 0.02}
_TRIES = 12


@dataclass(frozen=True)
class Said:
    """A text in the making.

    Attributes:
        row: of the pool, the pose that it was drawn from.
        claims: in the order of the text.
        clauses: wordings; none while a caption is to be written.
        posture: of the pose.
    """

    row: int
    claims: tuple[int, ...]
    clauses: tuple[str, ...]
    posture: int


class StatementMaker:
    """Draws them.

    Args:
        pool: of a split.
        book: whose wordings.
        seed: of everything random.
    """

    def __init__(self, pool: PosePool, book: SayingBook, seed: int) -> None:
        self.pool, self.book, self.seed = pool, book, seed
        sure = np.zeros(len(pool), bool)
        for place, columns in enumerate(posture_columns()):
            if columns:
                sure |= (pool.posture == place) & (pool.state[:, list(columns)] == 1).any(1)
        self.holders = Holders(pool.state, pool.posture, pool.unusual, sure)
        self._known: Lore = lore()
        self._lore_number = np.argsort(self._known.order)
        self._region = np.array([_region_mask(number) for number in range(len(all_posecodes()))], np.uint8)
        family = np.array([FAMILY_WEIGHT.get(code.family, 0.5) for code in all_posecodes()])
        held = (pool.state[sure] == 1).mean(0)
        self._weight = family * np.maximum(held, 1e-4) ** -FLATTER
        self._weight[[column for columns in posture_columns() for column in columns]] = 0
        at_ease = (pool.posture == STANDING) & (pool.unusual == 0)
        if at_ease.any():
            self._weight[(pool.state[at_ease] == 1).mean(0) > 0.5] *= OF_ANYBODY
        self._seeds = {place: self._seed_weights(place, sure) for place in range(len(POSTURES) - 1)}
        self._idioms = {place: self._idioms_of(place) for place in range(len(POSTURES) - 1)}
        self._postures = [place for place in range(len(POSTURES) - 1) if self._seeds[place] is not None]
        self._posture_ends = np.cumsum([POSTURE_SHARES[POSTURES[place]] for place in self._postures])

    # --- what is said ------------------------------------------------------------------------------------------------

    def draw(self, number: int) -> tuple[Said, str, Random] | None:
        """A text's claims; None where nothing was found."""
        rng = chance_of(self.seed, number)
        style = _weighted(rng, STYLE_SHARES)
        place = int(np.searchsorted(self._posture_ends, rng.random() * self._posture_ends[-1], side="right"))
        posture = self._postures[min(place, len(self._postures) - 1)]
        way = {"idiom": self._idiom, "number": self._number}.get(style, self._clauses)
        for _ in range(_TRIES):
            said = way(rng, posture, style)
            if said:
                return said, style, rng
        return None

    def _clauses(self, rng: Random, posture: int, style: str) -> Said | None:
        seeds = self._seeds[posture]
        if seeds is None:
            return None
        claim = int(np.searchsorted(seeds, rng.random() * seeds[-1], side="right"))
        count = 1 + int(np.searchsorted(np.cumsum(CLAIM_COUNTS), rng.random()))
        return self._around(rng, posture, [claim], count, style)

    def _around(
        self, rng: Random, posture: int, first: list[int], count: int, style: str, words: tuple[str, ...] = ()
    ) -> Said | None:
        """A pose that holds the first claims, and what else is said of it."""
        covered = int(np.bitwise_or.reduce([self._region[max(claim, ~claim)] for claim in first]))
        rows = self.holders.rows_told_by(first, posture, covered, max(count - len(first), 0))
        if not len(rows):
            return None
        row = int(rows[int(rng.random() * len(rows))])
        form = self._form(rng)
        chosen = self._more(rng, row, first, count)
        lead = self._posture_claims(rng, row, posture, chosen)
        if style == "caption":
            return Said(row, tuple(dict.fromkeys((*lead, *chosen))), (), posture)
        rest = chosen[len(first) :] if words else chosen
        units = self._units(rng, shuffled(rng, rest), form)
        if words:
            units.insert(0 if yes(rng, 0.6) else len(units), (words[0], tuple(first)))
        if lead:
            text = self._word(rng, lead[0], None)
            if text is None:
                return None
            units.insert(0 if yes(rng, 0.8) else int(rng.random() * (len(units) + 1)), (text, (lead[0],)))
        if not units or any(text is None for text, _ in units):
            return None
        if yes(rng, DENIALS):
            units += self._denial(rng, row, units, form)
        claims = tuple(dict.fromkeys(claim for _, several in units for claim in several))
        return Said(row, claims, tuple(str(text) for text, _ in units), posture)

    def _more(self, rng: Random, row: int, first: list[int], count: int) -> list[int]:
        """Claims of a pose: the first ones, then of regions that aren't at rest, then any, nothing said twice."""
        state, unusual = self.pool.state[row], int(self.pool.unusual[row])
        done = self._echoed([claim for claim in first if claim >= 0] + self._posture_columns(row))
        chosen = list(first)
        while len(chosen) < count:
            covered = int(np.bitwise_or.reduce([self._region[max(claim, ~claim)] for claim in chosen]))
            open_ = unusual & ~covered
            if yes(rng, 0.55):
                claim = self._mirror_of_last(chosen, state)
                if claim is not None and not done >> int(self._lore_number[claim]) & 1:
                    chosen.append(claim)
                    done |= self._echoed([claim])
                    continue
            may = (state == 1) & (self._weight > 0)
            if open_:
                may &= (self._region & np.uint8(1 << regions_in(open_)[0])) > 0
            places = [int(place) for place in np.flatnonzero(may) if not done >> int(self._lore_number[place]) & 1]
            if not places:
                unusual &= ~(1 << regions_in(open_)[0]) if open_ else unusual
                if not open_:
                    break
                continue
            ends = np.cumsum(self._weight[places])
            claim = places[min(int(np.searchsorted(ends, rng.random() * ends[-1], side="right")), len(places) - 1)]
            chosen.append(claim)
            done |= self._echoed([claim])
        return chosen

    @staticmethod
    def _mirror_of_last(chosen: list[int], state: np.ndarray) -> int | None:
        last = chosen[-1]
        if last < 0:
            return None
        other = int(mirrored_places()[last])
        return other if other != last and other not in chosen and state[other] == 1 else None

    def _echoed(self, places: Sequence[int]) -> int:
        done = 0
        for place in places:
            number = int(self._lore_number[place])
            done |= self._known.echoes[number] | 1 << number
        return done

    def _posture_columns(self, row: int) -> list[int]:
        columns = posture_columns()[self.pool.posture[row]]
        return [column for column in columns if self.pool.state[row, column] == 1]

    def _posture_claims(self, rng: Random, row: int, posture: int, chosen: Sequence[int]) -> list[int]:
        columns = self._posture_columns(row)[:1]
        if any(column in chosen for column in columns):
            return []
        return columns if yes(rng, STANDING_SAID if posture == STANDING else POSTURE_SAID) else []

    def _denial(
        self, rng: Random, row: int, units: Sequence[tuple[str | None, tuple[int, ...]]], form: Form | None
    ) -> list[tuple[str | None, tuple[int, ...]]]:
        """What doesn't hold, of a part that nothing is said of yet."""
        covered = int(np.bitwise_or.reduce([self._region[max(c, ~c)] for _, several in units for c in several]))
        fails = (self.pool.state[row] == -1) & ((self._region & np.uint8(covered)) == 0) & (self._weight > 0.6)
        places = np.flatnonzero(fails)
        if not len(places):
            return []
        claim = ~int(places[int(rng.random() * len(places))])
        text = self._word(rng, claim, form)
        return [(text, (claim,))] if text else []

    # --- words -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _form(rng: Random) -> Form | None:
        draw = rng.random()
        for form, share in FORMS:
            draw -= share
            if draw < 0:
                return form
        return None

    def _word(self, rng: Random, claim: int, form: Form | None) -> str | None:
        texts = self.book.of_form(claim, form)
        return one(rng, texts) if texts else None

    def _units(self, rng: Random, claims: list[int], form: Form | None) -> list[tuple[str | None, tuple[int, ...]]]:
        """Wordings: one for a statement and its mirror image where there is one, else one each."""
        units: list[tuple[str | None, tuple[int, ...]]] = []
        left = list(claims)
        while left:
            claim = left.pop(0)
            other = mirrored_claim(claim)
            if other != claim and other in left and yes(rng, 0.8):
                text = self._both(rng, claim, other, form)
                if text:
                    left.remove(other)
                    units.append((text, tuple(sorted((claim, other)))))
                    continue
            units.append((self._word(rng, claim, form), (claim,)))
        return units

    def _both(self, rng: Random, claim: int, other: int, form: Form | None) -> str | None:
        texts = self.book.together.get(tuple(sorted((claim, other))), ())
        alike = [text for text in texts if form_of(text) == form]
        if texts and yes(rng, 0.75):
            return one(rng, alike or texts)
        singles = self.book.of_form(claim, form)
        for _ in range(4):
            text = for_both(one(rng, singles), each=yes(rng, 0.3)) if singles else None
            if text:
                return text
        return one(rng, texts) if texts else None

    # --- idioms and numbers ------------------------------------------------------------------------------------------

    def _idiom(self, rng: Random, posture: int, style: str) -> Said | None:
        found = self._idioms[posture]
        if found is None:
            return self._clauses(rng, posture, style)
        sets, ends = found
        claims = sets[min(int(np.searchsorted(ends, rng.random() * ends[-1], side="right")), len(sets) - 1)]
        words = one(rng, self.book.together[claims])
        more = 0 if yes(rng, 0.55) else 1 + int(rng.random() * 2)
        return self._around(rng, posture, list(claims), len(claims) + more, style, (words,))

    def _idioms_of(self, posture: int) -> tuple[list[tuple[int, ...]], np.ndarray] | None:
        counts = {
            claims: len(self.holders.rows(claims, posture)) for claims, texts in self.book.together.items() if texts
        }
        sets = [claims for claims, count in counts.items() if count]
        if not sets:
            return None
        return sets, np.cumsum([min(counts[claims], 400) ** (1 - FLATTER) for claims in sets])

    def _number(self, rng: Random, posture: int, style: str) -> Said | None:
        saying = one(rng, self.book.numbers)
        if saying.measure not in self.pool.measures:
            return None
        column = self.pool.measures.index(saying.measure)
        rows = self._rows_of(posture)
        rows = rows[[int(rng.random() * len(rows)) for _ in range(24)]] if len(rows) else rows
        for row in rows.tolist():
            told = _round_number(saying, float(self.pool.values[row, column]))
            if told is None:
                continue
            text, value = told
            unit = measures_by_name()[saying.measure].unit
            slack = _NUMBER_TOLERANCE[unit]
            claims = [
                claim
                for claim in codes_around(saying.measure, value - slack, value + slack)
                if self.pool.state[row, claim] == 1 and self._weight[claim] > 0
            ]
            if not claims:
                continue
            count = 1 + int(rng.random() * 3)
            chosen = self._more(rng, row, claims[:1], count)
            units = self._units(rng, chosen[1:], self._form(rng))
            units.insert(int(rng.random() * (len(units) + 1)), (text, (claims[0],)))
            for lead in self._posture_claims(rng, row, posture, chosen):
                units.insert(0, (self._word(rng, lead, None), (lead,)))
            if any(text is None for text, _ in units):
                return None
            said = tuple(dict.fromkeys(claim for _, several in units for claim in several))
            return Said(row, said, tuple(str(text) for text, _ in units), posture)
        return None

    def _rows_of(self, posture: int) -> np.ndarray:
        return self.holders.rows_told_by((), posture, 0, 2)

    def _seed_weights(self, posture: int, sure: np.ndarray) -> np.ndarray | None:
        rows = (self.pool.posture == posture) & sure
        if not rows.any():
            return None
        held = (self.pool.state[rows] == 1).mean(0)
        weights = self._weight * held
        return np.cumsum(weights) if weights.sum() > 0 else None

    # --- rows --------------------------------------------------------------------------------------------------------

    def rows_of(self, said: Said, text: str, claims: tuple[int, ...], split: str, rng: Random, poses: int) -> list[Row]:
        """The text with the pose it was drawn from and others that hold it and are at rest elsewhere."""
        covered = int(np.bitwise_or.reduce([self._region[max(claim, ~claim)] for claim in claims]))
        usual = [place for place in range(len(REGIONS)) if not covered >> place & 1]
        found = self.holders.rows(claims, said.posture, usual=usual)
        open_ = int(self.pool.unusual[said.row]) & ~covered
        chosen = {said.row: None} if not open_ or (bin(open_).count("1") == 1 and yes(rng, UNTOLD)) else {}
        for _ in range(2 * poses):
            if len(chosen) >= poses or not len(found):
                break
            chosen[int(found[int(rng.random() * len(found))])] = None
        return [Row(text, claims, row, "statements", split) for row in chosen]


def _region_mask(place: int) -> int:
    """Regions that a posecode speaks of."""
    code = all_posecodes()[place]
    number = int(np.flatnonzero(lore().order == place)[0])
    region = region_of(lore().entries[number])
    if region in (0, 1):
        return 1
    if region == 2:
        return 2
    if region == 4:
        return 16
    return 12 if not code.subject.startswith(("left ", "right ")) else 4 if code.subject.startswith("left") else 8


def _weighted(rng: Random, shares: dict[str, float]) -> str:
    draw = rng.random() * sum(shares.values())
    for name, share in shares.items():
        draw -= share
        if draw < 0:
            return name
    return next(iter(shares))


def _round_number(saying: NumberSaying, value: float) -> tuple[str, float] | None:
    """The sentence with a round number near a measure, and what the measure would be; None where none is near."""
    if np.isnan(value) or saying.factor == 0:
        return None
    unit = measures_by_name()[saying.measure].unit
    exact = (value - saying.offset) / saying.factor
    step = max(abs(_NUMBER_STEP[unit] / saying.factor), 1e-6)
    step = 5.0 if step > 2.5 else 1.0 if step > 0.7 else step
    number = round(exact / step) * step
    if number < step or abs(saying.value(number) - value) > _NUMBER_TOLERANCE[unit]:
        return None
    return saying.text.replace("{n}", f"{number:g}"), saying.value(number)


def caption_masks(said: Sequence[Said], codes: int) -> torch.Tensor:
    """(n, C) bool: what captions may say."""
    mask = torch.zeros(len(said), codes, dtype=torch.bool)
    for row, each in enumerate(said):
        mask[row, [claim for claim in each.claims if claim >= 0]] = True
    return mask


def worded(rng: Random, said: Said) -> str:
    """The text of its clauses."""
    return compose(rng, said.clauses)


def numbers(first: int) -> Iterator[int]:
    """Counts on."""
    while True:
        yield first
        first += 1
