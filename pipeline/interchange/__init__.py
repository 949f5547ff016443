"""Export formats for records, and descriptions of a dataset for catalogues of datasets."""
