"""The tracks: listing, manifests, planning, and the account and summary of a run."""
