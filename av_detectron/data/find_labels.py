"""Which map belongs to which photograph, in a folder that holds one subfolder of each."""

from dataclasses import dataclass
from pathlib import Path

from av_detectron.data.errors import InputFileError

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".ppm"}


@dataclass(frozen=True)
class Photograph:
    """A photograph and the files that describe it, where there are any.

    Attributes:
        image: the photograph.
        av: artery/vein map.
        fov: mask of the field of view.
        vessels: binary vessel map.
        junctions: MATLAB junction file.
    """

    image: Path
    av: Path | None = None
    fov: Path | None = None
    vessels: Path | None = None
    junctions: Path | None = None


def list_images(folder: Path) -> list[Path]:
    """Image files of a folder in name order (by suffix, hidden files left out).

    Raises:
        InputFileError: no such folder, no image in it, or two images of the same stem.
    """
    if not folder.is_dir():
        raise InputFileError(folder, "expected a folder of images, found none")
    images = sorted(
        p
        for p in folder.iterdir()
        if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")
    )
    if not images:
        raise InputFileError(folder, "expected images, found an empty folder")
    by_stem: dict[str, Path] = {}
    for path in images:
        other = by_stem.setdefault(path.stem, path)
        if other is not path:
            raise InputFileError(path, f"expected one image per stem, found {other.name} as well")
    return images


def pair_with(images: list[Path], folder: Path) -> list[Path | None]:
    """The file of `folder` for each image, None throughout where the folder is missing.

    Files whose names begin with the image's stem belong to it; where no name does, the n-th
    file in name order belongs to the n-th image.

    Raises:
        InputFileError: a file without partner, or an image without one.
    """
    if not folder.is_dir():
        return [None] * len(images)
    files = list_images(folder)
    by_stem = {image: [f for f in files if _belongs(f, image)] for image in images}
    if any(by_stem.values()):
        for image, matching in by_stem.items():
            if len(matching) != 1:
                names = ", ".join(f.name for f in matching) or "none"
                raise InputFileError(image, f"expected one file in {folder}, found {names}")
        return [matching[0] for matching in by_stem.values()]
    if len(files) != len(images):
        raise InputFileError(
            folder, f"expected a file for each of {len(images)} images, found {len(files)}"
        )
    return list(files)


def _belongs(file: Path, image: Path) -> bool:
    """Whether a map's name is the image's stem, alone or followed by a suffix such as _mask."""
    rest = file.stem.removeprefix(image.stem)
    return file.stem.startswith(image.stem) and (not rest or not rest[0].isalnum())


def find_photographs(folder: Path) -> list[Photograph]:
    """All photographs of a split: `images/` beside any of av/, fov/, vessels/, junctions/.

    Raises:
        InputFileError: see `list_images` and `pair_with`; or a photograph without junction file
            in a folder that has `junctions/`.
    """
    images = list_images(folder / "images")
    maps = {kind: pair_with(images, folder / kind) for kind in ("av", "fov", "vessels")}
    photographs = []
    for i, image in enumerate(images):
        junctions = None
        if (folder / "junctions").is_dir():
            junctions = folder / "junctions" / f"{image.stem}_JunctionsPos.mat"
        photographs.append(
            Photograph(image, maps["av"][i], maps["fov"][i], maps["vessels"][i], junctions)
        )
    return photographs
