"""`beamprint report`: a dataset on one page: its contents, its failures and its outliers."""
