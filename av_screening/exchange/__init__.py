"""To and from the files of other tools: COCO, Parquet, DICOM Structured Reports."""
