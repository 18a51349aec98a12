"""Install Detectron2 into the running environment, where no current release can be had by name.

A working Detectron2 (the official main branch, say, compiled by you) is left as it is. Otherwise
the Python sources of version 0.6 are fetched through pip from the package index, checked against
a known SHA-256, mended for today's torch, numpy and Pillow, and installed as a pure-Python wheel.
What needs the compiled extension (rotated boxes, deformable convolution, the fast COCO evaluator)
then raises a clear ImportError; nothing in this project uses it.

Needs torch in the same environment. Only the standard library is imported here.
Exit codes: 0 done or nothing to do, 1 could not be installed, 2 wrong usage.
"""

import argparse
import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

SDIST = "pb1-detectron2==0.6"
SHA256 = "5d2e9e51e523ec72f6a31cca04b0a515492e9514b773a3d134cedc0677170b29"
VERSION = "0.6"
PROJECTS = {"point_rend": "PointRend", "deeplab": "DeepLab", "panoptic_deeplab": "Panoptic-DeepLab"}
REQUIRES = """Pillow>=7.1 matplotlib pycocotools>=2.0.2 termcolor>=1.1 yacs>=0.1.8 tabulate
cloudpickle tqdm>4.29.0 tensorboard fvcore>=0.1.5 iopath>=0.1.7 omegaconf>=2.1 hydra-core>=1.1
black""".split()
MENDS = [  # names that numpy and Pillow dropped, and what they stood for; a default torch warns of
    (re.compile(r"\bnp\.(bool|int|float|object)\b(?!_)"), r"\1"),
    (re.compile(r"\bImage\.LINEAR\b"), "Image.BILINEAR"),
    (re.compile(r"torch\.meshgrid\((shifts_y, shifts_x)\)"), r'torch.meshgrid(\1, indexing="ij")'),
]
STUB = '''"""Stands in for Detectron2's compiled extension, which this installation lacks."""


def get_compiler_version():
    return "none (pure-Python installation)"


def get_cuda_version():
    return "none (pure-Python installation)"


def has_cuda():
    return False


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise ImportError(
        f"detectron2._C.{name} needs Detectron2's compiled extension, and this is a pure-Python "
        "installation. Build Detectron2 from its official sources to use it."
    )
'''


def working_version() -> str | None:
    """The version of the Detectron2 that imports here, or None."""
    code = "import detectron2.modeling, detectron2.engine; print(detectron2.__version__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return run.stdout.split()[-1] if run.returncode == 0 else None


def download(folder: Path) -> Path:
    """Fetch the sdist with pip, whose settings (index, proxy, certificates) the user already has.

    Build isolation is off because the sdist's metadata step imports torch.
    """
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*pip, "--no-build-isolation", "--dest", str(folder), SDIST], check=True)
    return next(folder.glob("*.tar.gz"))


def verify(sdist: Path) -> None:
    """Raise ValueError unless the archive is the one whose sources were read and mended."""
    found = hashlib.sha256(sdist.read_bytes()).hexdigest()
    if found != SHA256:
        raise ValueError(f"{sdist}: expected SHA-256 {SHA256}, found {found}; not installed")


def mend(source: str) -> str:
    """One Python file of Detectron2 0.6, with the names of today's numpy and Pillow."""
    for pattern, replacement in MENDS:
        source = pattern.sub(replacement, source)
    return source


def package_files(root: Path) -> dict[str, bytes]:
    """Path inside the wheel → content: the package, its bundled projects, and the stub."""
    sources = {root / "detectron2": "detectron2"}
    for name, folder in PROJECTS.items():
        sources[root / "projects" / folder / name] = f"detectron2/projects/{name}"
    files = {"detectron2/_C.py": STUB.encode()}
    for source, target in sources.items():
        for path in sorted(source.rglob("*.py")):
            text = mend(path.read_text(encoding="utf-8"))
            files[f"{target}/{path.relative_to(source).as_posix()}"] = text.encode()
    return files


def build_wheel(root: Path, folder: Path) -> Path:
    """Write a pure-Python wheel from the unpacked sdist in `root`."""
    info = f"detectron2-{VERSION}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: detectron2\nVersion: {VERSION}\n"
    metadata += "Summary: Detectron2 0.6, pure Python, mended for current torch and numpy\n"
    metadata += "License: Apache-2.0\n" + "".join(f"Requires-Dist: {r}\n" for r in REQUIRES)
    tag = "Wheel-Version: 1.0\nGenerator: av-nicking\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = package_files(root)
    files[f"{info}/LICENSE"] = (root / "LICENSE").read_bytes()
    files[f"{info}/METADATA"], files[f"{info}/WHEEL"] = metadata.encode(), tag.encode()
    record = f"{info}/RECORD,,\n"
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(content)}\n"
    wheel = folder / f"detectron2-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(name, content)
    return wheel


def install(sdist: Path | None) -> None:
    """Verify, mend, build and install; `sdist` is a file already at hand, or None to download."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = sdist or download(folder)
        verify(archive)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        wheel = build_wheel(folder / "pb1-detectron2-0.6", folder)
        subprocess.run([sys.executable, "-m", "pip", "install", str(wheel)], check=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sdist", type=Path, help=f"the file of {SDIST}, if you have it already")
    args = parser.parse_args(argv)
    version = working_version()
    if version:
        print(f"Detectron2 {version} is installed and works here: left as it is.")
        return 0
    try:
        install(args.sdist)
    except (OSError, ValueError, StopIteration, subprocess.CalledProcessError) as error:
        print(f"Detectron2 was not installed: {error}", file=sys.stderr)
        return 1
    if not working_version():
        print("Detectron2 was installed but does not import: is torch there?", file=sys.stderr)
        return 1
    print(f"Detectron2 {VERSION} installed (pure Python).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
