"""CSV text of tables: what stands in a cell, and what is refused."""

import io

import pandas as pd
import pytest

from av_screening.write.columns import crossings_columns, crossings_dtypes, format_csv


def test_integers_stay_integers_and_missing_stays_empty() -> None:
    rows = [{"a": 1, "b": 'x,"y"'}, {"a": None, "c": "0.50"}]
    assert format_csv(["a", "b", "c"], rows) == 'a,b,c\n1,"x,""y""",\n,,0.50\n'
    assert format_csv(["a", "b"], []) == "a,b\n"
    assert format_csv(["a", "b"], [{"b": 2}], header=False) == ",2\n"


def test_unknown_column_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the columns a, b, found c"):
        format_csv(["a", "b"], [{"a": 1, "c": 2}])


def test_types_of_crossings() -> None:
    text = format_csv(
        crossings_columns(), [{"crossing": 0, "x_px": "1.5", "grade": 2}, {"crossing": 1}]
    )
    table = pd.read_csv(io.StringIO(text), dtype=crossings_dtypes())
    assert table["grade"].dtype == "Int64" and table["grade"][0] == 2
    assert pd.isna(table["grade"][1]) and table["x_px"][0] == 1.5
