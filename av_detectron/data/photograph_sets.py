"""Sets of photographs that are known by name: a new set is a row of `PHOTOGRAPH_SETS`, no more.

Its files lie in `<root>/<name>/<split>/` as datasets/README.md draws them;
`av-nicking prepare <name>` makes CrossPos files of them, and importing `av_detectron`
registers these as `crosspos_<name>_<split>`.
"""

from dataclasses import dataclass

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class PhotographSet:
    """What is to be known of a set of photographs before any of them is read.

    Attributes:
        name: of its folder, and in the names of its datasets.
        source: who published it.
        splits: those that can be registered.
        edges: "fine" where its labels end where vessels do; "broad" where they are drawn with a
            broad brush and teach the kind of a vessel alone.
        crossings: whether its labels tell where vessels cross; without, they teach maps alone.
    """

    name: str
    source: str
    splits: tuple[str, ...] = SPLITS
    edges: str = "fine"
    crossings: bool = True

    @property
    def datasets(self) -> list[str]:
        """Names under which its splits are registered."""
        return [f"crosspos_{self.name}_{split}" for split in self.splits]


PHOTOGRAPH_SETS = (
    PhotographSet("drive", "DRIVE (Staal 2004), artery/vein labels of RITE (Hu 2013)"),
    PhotographSet("iostar", "IOSTAR (Abbasi-Sureshjani 2015)"),
    PhotographSet("les_av", "LES-AV (Orlando 2018)"),
    PhotographSet("hrf", "HRF (Budai 2013)"),
    PhotographSet("fundus_avseg", "Fundus-AVSeg (2025)"),
    PhotographSet("gave", "GAVE challenge (MICCAI 2025)"),
    PhotographSet("avrdb", "AVRDB (Mendeley 10.17632/3csr652p9y.2)", edges="broad"),
    PhotographSet("chase", "CHASE_DB1 (Fraz 2012), artery and vein by segment", crossings=False),
    PhotographSet("phantom", "drawn by av-nicking phantoms"),
)
