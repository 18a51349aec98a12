"""Write a run's tables as Parquet, beside the CSV.

    av-nicking export-parquet out

Columns have types, so that whole numbers beside empty cells stay whole, and each carries its
meaning (what columns.csv says) as metadata. Needs pyarrow: pip install 'av-nicking[parquet]'.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from av_grading.command_line import exit_code

if TYPE_CHECKING:  # --help is answered before anything large is imported
    import pandas as pd


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--output", type=Path, help="folder to write; by default the run's")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = make_parser().parse_args(argv)
    return exit_code(lambda: export_parquet(args.run, args.output or args.run))


def export_parquet(folder: Path, output: Path) -> None:
    """Write crossings.parquet, summary.parquet and failures.parquet.

    Raises:
        FileProblems: `folder` is no run's.
        ValueError: pyarrow is not installed; says how to.
        OSError: they cannot be written.
    """
    from av_grading.formats.files import write_whole
    from av_screening.run.finished_run import FinishedRun
    from av_screening.write.columns import FAILURES, crossings_columns, summary_columns

    run = FinishedRun.read(folder)
    tables = (
        ("crossings", run.crossings, crossings_columns()),
        ("summary", run.summary, summary_columns()),
        ("failures", run.failures, FAILURES),
    )
    for name, table, meanings in tables:
        path = output / f"{name}.parquet"
        write_whole(path, parquet_of(table, meanings))
        print(f"{path}: {len(table)} rows")


def parquet_of(table: "pd.DataFrame", meanings: Mapping[str, str]) -> bytes:
    """A table as Parquet.

    Args:
        table: the rows.
        meanings: column → what it means; a column may have none.

    Raises:
        ValueError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ValueError("Parquet needs pyarrow: pip install 'av-nicking[parquet]'") from error
    content = pyarrow.Table.from_pandas(table, preserve_index=False)
    fields = [
        field.with_metadata({"meaning": meanings[field.name]}) if field.name in meanings else field
        for field in content.schema
    ]
    schema = pyarrow.schema(fields, metadata=content.schema.metadata)
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(content.cast(schema), buffer)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
