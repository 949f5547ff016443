"""Which tracks there are: listing, manifest, planning, the account of a run, and its summary."""
