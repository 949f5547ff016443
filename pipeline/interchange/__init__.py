"""Forms in which other programs take records, and descriptions of a dataset for catalogues of datasets."""
