"""One table of photograph sets: what stands there is registered."""

from detectron2.data import DatasetCatalog

from av_detectron.data.photograph_sets import PHOTOGRAPH_SETS


def test_every_split_of_every_set_is_registered() -> None:
    names = [name for photograph_set in PHOTOGRAPH_SETS for name in photograph_set.datasets]
    assert len(names) == len(set(names)) and set(names) <= set(DatasetCatalog.list())
    assert "crosspos_drive_test" in names
