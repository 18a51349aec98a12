"""A run's tables as Parquet: the same values, with types and meanings."""

from pathlib import Path

import pandas as pd
import pytest

from av_screening.exchange.export_parquet import main
from av_screening.run.finished_run import FinishedRun
from av_screening.write.columns import crossings_columns
from tests.av_screening.run_folder import Drawn, write_run


def test_tables_beside_the_csv(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    drawn = [Drawn("a.png", 0, 60, 80, 2), Drawn("a.png", 1, 100, 80, None)]
    run = write_run(tmp_path / "out", drawn)
    assert main([str(run)]) == 0
    found = pd.read_parquet(run / "crossings.parquet")
    pd.testing.assert_frame_equal(found, FinishedRun.read(run).crossings)
    assert found["grade"].dtype == "Int64" and found["grade"].isna().tolist() == [False, True]
    schema = parquet.read_schema(run / "crossings.parquet")
    assert schema.field("grade").metadata[b"meaning"].decode() == crossings_columns()["grade"]
    assert (run / "summary.parquet").is_file() and (run / "failures.parquet").is_file()
