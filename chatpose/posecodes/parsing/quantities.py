"""Numbers with their units, and clock positions."""

from chatpose.posecodes.parsing.items import Item

_UNITS = {"degrees": "°", "oclock": "oclock", "mm": "mm", "millimetres": "mm", "millimeters": "mm",
          "centimeter": "cm", "centimetre": "cm", "cm": "cm", "centimeters": "cm", "centimetres": "cm",
          "inches": "in", "inch": "in", "m": "m", "meters": "m", "metres": "m", "meter": "m", "metre": "m"}  # fmt: skip
_LENGTHS = (["apart"], ["above"], ["below"], ["behind"], ["ahead"], ["wide"], ["higher"], ["lower"], ["away"])
_CLOCK = {"and one": 1, "and 1": 1, "and two": 2, "and 2": 2, "and three": 3, "and 3": 3, "and four": 4, "and 4": 4,
          "and 10": 10, "and 9": 9, "and nine": 9, "and 8": 8, "and 11": 11}  # fmt: skip


def number_of(texts: list[str], place: int) -> Item:
    """The number that begins at a place."""
    unit = _UNITS.get(texts[place + 1], "") if place + 1 < len(texts) else ""
    last = place + (2 if unit else 1)
    feet = texts[place + 1 : place + 2] in (["feet"], ["foot"], ["ft"])
    measured = texts[place + 2 : place + 3] in _LENGTHS or not texts[place].isdigit() or int(texts[place]) > 2
    if not unit and feet and measured:
        unit, last = "ft", place + 2
    if not unit and texts[place + 1 : place + 2] == ["%"]:
        last = place + 2
    value = float(texts[place])
    if not unit and 1 <= value <= 12 and _CLOCK.get(" ".join(texts[place + 1 : place + 3])) == 12 - value:
        return Item("number", "oclock", place, place + 3, number=value)  # "arms at ten and two"
    high = 0.0
    for gap in (("to",), ("and",), ("or",), ()):
        at = place + 1 + len(gap)
        if tuple(texts[place + 1 : at]) == gap and at < len(texts) and texts[at][0].isdigit():
            high, unit, last = float(texts[at]), _UNITS.get(texts[at + 1], "") if at + 1 < len(texts) else "", at + 1
            last += bool(unit)
            break
    if not unit and 10 <= value <= 999:
        unit = "°"
    return Item("number", unit, place, last, number=value, high=high if high > value else 0.0)
