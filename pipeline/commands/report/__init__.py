"""`beamprint report`: a dataset on one page: what is in it, what failed, what stands out."""
