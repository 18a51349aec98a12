"""Packages `av_detectron` and `av_grading`; see pyproject.toml for the tools' settings."""

from setuptools import find_packages, setup

setup(
    name="av-nicking",
    version="0.1.0",
    description="Find artery-vein crossings in fundus photographs and grade nicking there",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=["av_detectron*", "av_grading*"]),
    package_data={
        "av_detectron": ["weights/*", "py.typed"],
        "av_grading": ["weights/*", "report/*.html", "py.typed"],
    },
    # torch and Detectron2 are chosen by the user's machine (CPU, CUDA): see README.
    install_requires=[
        "numpy",
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
        "screen": ["pydicom", "jinja2"],
        # The versions that are tested: the one place where they are pinned.
        "dev": [
            "torch==2.14.1",
            "torchvision==0.29.1",
            "timm==1.0.31",
            "numpy==2.4.6",
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
            "fvcore==0.1.5.post20221221",
            "iopath==0.1.10",
            "hydra-core==1.3.8",
            "omegaconf==2.3.1",
            "import-linter==2.16",
            "mypy==2.4.1",
            "pytest==9.2.0",
            "ruff==0.17.6",
            "types-PyYAML==6.0.12.20261113",
        ],
    },
)
