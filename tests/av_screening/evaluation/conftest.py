"""A phantom large enough that veins can be squeezed in it."""

from pathlib import Path

import pytest

from av_detectron.data.phantom import write_phantoms
from av_screening.evaluation.labelled_photographs import LabelledPhotograph, folder_photographs


@pytest.fixture(scope="session")
def phantom_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one labelled phantom of two px a DRIVE px."""
    return write_phantoms(tmp_path_factory.mktemp("data"), "test", 1, 4, 1080)


@pytest.fixture(scope="session")
def photograph(phantom_folder: Path) -> LabelledPhotograph:
    """That phantom."""
    (found,) = folder_photographs(phantom_folder)
    return found
