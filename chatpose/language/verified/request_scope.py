"""Whether a request asks for a pose at all, as far as its words tell."""

import re
from typing import Literal

Scope = Literal["pose", "unclear", "other"]
"""Somebody or a posture is spoken of; nothing tells; it asks for something else."""

_SOMEBODY = re.compile(
    r"(?i)\b(some(one|body|thing)|any(one|body|thing)|person|people|man|men|woman|women|guy|girl|boy|lady|gentleman|kid|child|"
    r"children|toddler|baby|figure|character|he|she|they|his|her|him|hers|himself|herself|players?|athletes?|dancers?|"
    r"\w+(ing)|poses?|posing|postures?|position|stances?|asana|yoga|sport\w*|dance|gesture|surprise me|looks?)\b"
)
_DOER = re.compile(
    r"(?i)\b(?:an?|the|two|some|our|my|this|that) (?:\w+ )?"
    r"(?!cheap|bett|bigg|small|long|high|low|lat|rath|furth|larg|fast|slow|easi|nic|"
    r"weather|water|paper|number|letter|computer|order|other|"
    r"colou?r|floor|door|matter|power|summer|winter|river|flower|butter|dinner|poster|corner|theater|tower|center|"
    r"never|offer|error|ladder|printer|server|folder|buffer|layer|shower|answer|list|mirror|motor|sensor|master|sugar|car|star|"
    r"war)"
    r"(?:\w{2,}(?:ers?|ors?|ists?)|\w*(?:men|man|monk|thief|guard|king|queen|nurse|judge|burglar|beggar|child))(?:'s)?\b"
)
"""Somebody by what they do: "a burglar", "the goalkeeper", "two stargazers"."""
_SOMETHING_ELSE = re.compile(
    r"(?i)^\W*((please |can you |could you |will you )*(write|translate|tell|calculate|compute|delete|remove|book|"
    r"order|buy|send|ignore|explain|define|summari[sz]e|list|print|import|open|download|call|email|play|search|google|solve|count)\b|"
    r"what('s| is| are| was| does| did)? |who('s| is| are)? |when |where |why |how |which |is |are |does |did |hello|"
    r"hi\b|hey\b|thanks|thank you|good (morning|evening)|recipe)"
)
_NO_WORDS = re.compile(r"(?i)(https?://|www\.|\.\./|/etc/|[{};]\s*$|\w+\(.*\)|<\w+>)")


def scope_of(text: str) -> Scope:
    """What a text is about."""
    if _SOMETHING_ELSE.search(text) or _NO_WORDS.search(text):
        return "other"
    return "pose" if _SOMEBODY.search(text) or _DOER.search(text) else "unclear"
