"""Tables as CSV files, read by pandas.

Cells are text as it stands in the file: `007` keeps its zeros, `NA` is a name, and nothing is "".
"""

import csv
import io
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from av_grading.formats.errors import InputFileError

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: Path) -> "pd.DataFrame":
    """Rows of a CSV file (UTF-8), indexed by their lines; rows without any value are left out.

    Raises:
        FileNotFoundError: there is none.
        InputFileError: it cannot be read, or a row has more cells than there are columns.
    """
    import pandas as pd  # here: it takes a third of a second, and writing needs none

    try:
        with warnings.catch_warnings():
            # pandas only warns of cells beyond the columns where the first row has them.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                io.StringIO(path.read_text(encoding="utf-8-sig")),
                dtype=str,
                na_filter=False,
                index_col=False,
                skip_blank_lines=False,  # so that lines can be counted
            )
    except FileNotFoundError:
        raise
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise InputFileError(path, f"not a readable CSV file: {error}") from error
    breaks = sum((table[c].str.count("\n") for c in table), start=pd.Series(0, table.index))
    table.index = 1 + (1 + breaks).cumsum()  # the line on which a row ends
    return table[(table != "").any(axis=1)]


def numbered(table: "pd.DataFrame") -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of every row."""
    return zip(table.index.tolist(), table.to_dict("records"), strict=True)


def format_table(
    columns: Iterable[str], rows: Iterable[Mapping[str, Any]], *, header: bool = True
) -> str:
    """CSV text; a column that a row lacks, or has no number for, stays empty.

    Args:
        columns: names.
        rows: of the table.
        header: begin with the names.

    Raises:
        ValueError: a row has a column that is not known.

    Examples:
        >>> print(format_table(["patch", "grade"], [{"patch": "a", "grade": 1}, {"patch": "b"}]))
        patch,grade
        a,1
        b,
        <BLANKLINE>
    """
    names, listed = list(columns), list(rows)
    unknown = sorted({name for row in listed for name in row} - set(names))
    if unknown:
        raise ValueError(f"expected the columns {', '.join(names)}, found {', '.join(unknown)}")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in listed)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A value as it is written; NaN, which is no number and no text, as nothing."""
    return "" if value is None or value != value else value
