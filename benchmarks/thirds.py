"""Which lines of a development set are worked on, and which are only counted."""


def in_third(number: int, third: str | None) -> bool:
    """Whether line `number` (from 0) is in the third that is only measured ("held"), or among the others ("rest")."""
    return not third or (number % 3 == 0) == (third == "held")
