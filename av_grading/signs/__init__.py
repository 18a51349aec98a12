"""Signs of nicking at a crossing: each is one file here, and says all that is said of it.

To add one, write `av_grading/signs/NAME.py` with a `SIGN` (see `sign.Sign`), and its test. It then
is in crossings.csv, in columns.csv, in the sentences of "why", on the review page and in the cohort
report; with `findings` also in summary.csv, on the index, in COCO attributes and in Structured
Reports. `python -m av_grading.signs` prints its rows of docs/FORMATS.md.
"""
