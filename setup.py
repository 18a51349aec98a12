"""Packages `av_detectron`, `av_grading`, `av_screening`; pyproject.toml has the tools' settings."""

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent


class BuildWithConfigs(build_py):
    """Packs configs/ into the packages that read them; a checkout reads them where they stand."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for path in (HERE / "configs").rglob("*.yaml"):
            name = path.relative_to(HERE / "configs")
            grading = name.parts[0] == "grading"
            home = "av_grading" if grading else "av_detectron"
            target = Path(self.build_lib, home, "configs", *name.parts[grading:])
            self.mkpath(str(target.parent))
            self.copy_file(str(path), str(target))


setup(
    name="av-nicking",
    version="0.2.0",
    description="Find artery-vein crossings in fundus photographs and grade nicking there",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=["fundus", "retina", "arteriovenous nicking", "Detectron2"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Topic :: Scientific/Engineering :: Medical Science Apps.",
        "Typing :: Typed",
    ],
    python_requires=">=3.10",
    packages=find_packages(include=["av_detectron*", "av_grading*", "av_screening*"]),
    cmdclass={"build_py": BuildWithConfigs},
    entry_points={"console_scripts": ["av-nicking=av_screening.command_line.main:main"]},
    package_data={
        "av_detectron": ["weights/*", "py.typed"],
        "av_grading": ["weights/*", "report/page.*", "languages/*.json", "py.typed"],
        "av_screening": ["templates/*", "py.typed"],
    },
    # torch and Detectron2 are chosen by the user's machine (CPU, CUDA): see README.
    install_requires=[
        "numpy",
        "pandas>=2",
        "scipy",
        "scikit-image",
        "scikit-learn",
        "opencv-python-headless",
        "pillow",
        "matplotlib",
        "pycocotools",
        "pyyaml",
        "safetensors",
        "timm",
        "tensorboard",
        "tqdm",
    ],
    extras_require={
        "report": ["captum", "jinja2"],
        "screen": ["pydicom>=3", "jinja2>=3.1", "filelock", "captum"],
        "parquet": ["pyarrow>=15"],
        "dicom-sr": ["pydicom>=3", "highdicom>=0.24"],
        "experiments": ["doit>=0.36", "omegaconf>=2.3"],
        "ray": ["ray[data]>=2.40"],
        "docs": ["mkdocs-material>=9.5", "mkdocstrings[python]>=0.30", "nbformat>=5"],
        # The versions that are tested: the one place where they are pinned.
        "dev": [
            "torch==2.14.1",
            "torchvision==0.29.1",
            "timm==1.0.31",
            "numpy==2.4.6",
            "pandas==3.1.1",
            "scipy==1.17.1",
            "scikit-image==0.26.0",
            "scikit-learn==1.9.1",
            "opencv-python-headless==5.0.0.93",
            "pillow==13.0.0",
            "matplotlib==3.11.2",
            "pycocotools==2.0.11",
            "pyyaml==6.0.3",
            "safetensors==0.8.0",
            "tensorboard==2.21.0",
            "tqdm==4.70.1",
            "captum==0.9.0",
            "jinja2==3.1.6",
            "fvcore==0.1.5.post20221221",
            "iopath==0.1.10",
            "hydra-core==1.3.8",
            "omegaconf==2.3.1",
            "doit==0.37.0",
            "pydicom==3.0.2",
            "filelock==4.2.12",
            "pyarrow==26.0.1",
            "highdicom==0.28.2",
            "playwright==1.65.2",
            "axe-playwright-python==0.1.8",
            "hypothesis==6.170.15",
            "mkdocs-material==9.8.2",
            "mkdocstrings==1.0.8",
            "mkdocstrings-python==2.0.11",
            "nbformat==5.11.1",
            "nbclient==0.11.0",
            "ipykernel==7.4.0",
            "import-linter==2.16",
            "mypy==2.4.1",
            "pytest==9.2.0",
            "pytest-xdist==3.8.0",
            "ruff==0.17.6",
            "types-PyYAML==6.0.12.20261113",
        ],
    },
)
