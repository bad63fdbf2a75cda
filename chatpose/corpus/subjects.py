"""Who is in a recording, by where its file lies: the same person has one name in every collection.

Splits go by person, so two names for one person would let a test person into training; where it isn't sure that two
numbers are two people, they count as one.
"""

import re
from collections.abc import Mapping
from pathlib import PurePath

_CMU_FILE = re.compile(r"^(\d{2,3})_[a-z]?\d{2,3}(?:\D|$)", re.IGNORECASE)

# Folder names of AMASS's sub-sets, those of its first edition among them, and what people of it are called.
_SUBSETS: Mapping[str, str] = {
    "ACCAD": "accad", "BioMotionLab_NTroje": "bmlrub", "BMLrub": "bmlrub", "BMLhandball": "bmlhandball",
    "BMLmovi": "bmlmovi", "CMU": "cmu", "CNRS": "cnrs", "DanceDB": "dancedb", "DFaust_67": "mpi", "DFaust": "mpi",
    "EKUT": "kit", "Eyes_Japan_Dataset": "eyes_japan", "GRAB": "grab", "MPI_HDM05": "hdm05", "HDM05": "hdm05",
    "HumanEva": "humaneva", "KIT": "kit", "MOYO": "moyo", "MPI_Limits": "mpi", "PosePrior": "mpi", "MPI_mosh": "mpi",
    "MoSh": "mpi", "SFU": "sfu", "SOMA": "soma", "SSM_synced": "mpi", "SSM": "mpi", "TCD_handMocap": "tcdhands",
    "TCDHands": "tcdhands", "TotalCapture": "totalcapture", "Transitions_mocap": "transitions",
    "Transitions": "transitions", "WEIZMANN": "weizmann",
}  # fmt: skip
# "mpi": the Max Planck sub-sets number their people alike. "kit": EKUT's recordings are part of the KIT database.
_BY_FOLDED_NAME = {name.casefold(): people for name, people in _SUBSETS.items()}


def cmu_subject(number: int) -> str:
    """A person of the CMU database."""
    return f"cmu/{number}"


def cmu_number(stem: str) -> int | None:
    """The person that a file named as the CMU database names them belongs to ("07_01"), or None.

    >>> cmu_number("07_01"), cmu_number("walk")
    (7, None)
    """
    found = _CMU_FILE.match(stem)
    return int(found[1]) if found else None


def is_amass_subset(folder: str) -> bool:
    """Whether a folder is called as one of AMASS's sub-sets."""
    return folder.casefold() in _BY_FOLDED_NAME


def amass_subject(path: PurePath) -> str:
    """The person of an AMASS file, from `.../<sub-set>/<person>/<sequence>.npz`.

    Args:
        path: with as much of the folders above as there is; where no sub-set's name is in it, the folder that holds
            the file is the person.

    >>> amass_subject(PurePath("amass/CMU/20_21_rory1/20_11_poses.npz"))
    'cmu/20'
    >>> amass_subject(PurePath("ACCAD/Female1Running_c3d/C19 -  run to hop to walk_poses.npz"))
    'accad/female1'
    """
    folders = list(path.parts[:-1])
    places = [place for place, name in enumerate(folders) if is_amass_subset(name)]
    if not places:
        return "/".join(folders[-2:]).casefold() or path.stem.casefold()
    people = _BY_FOLDED_NAME[folders[places[-1]].casefold()]
    folder = folders[places[-1] + 1] if places[-1] + 1 < len(folders) else path.stem
    return f"{people}/{_person(people, folder, path.stem)}"


def _person(people: str, folder: str, stem: str) -> str:
    """What identifies the person in a sub-set's way to name folders."""
    if people == "cmu":
        number = cmu_number(stem)
        digits = re.match(r"\d+", folder)
        return str(number if number is not None else int(digits[0]) if digits else folder.casefold())
    if people == "mpi":  # "50022", "20161014_50033"
        numbers = re.findall(r"\d{4,}", folder)
        return numbers[-1] if numbers else folder.casefold()
    if people == "accad":  # "Female1Running_c3d"
        named = re.match(r"(?:fe)?male\d+", folder, re.IGNORECASE)
        return (named[0] if named else folder).casefold()
    if people == "dancedb":  # "20120731_StefanosTheodorou"
        return re.sub(r"^\d+_", "", folder).casefold()
    return folder.removesuffix("_c3d").casefold()


def folder_subject(collection: str, path: PurePath) -> str:
    """The person of a file in a folder of BVH or AMC files, given relative to it.

    CMU's numbers are recognised; otherwise the folder that the file lies in is the person, so that a flat folder of
    unknown files counts as one.
    """
    number = cmu_number(path.stem)
    if number is not None:
        return cmu_subject(number)
    return "/".join((collection, *path.parts[:-1])).casefold()
