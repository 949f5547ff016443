"""Storage of a dataset: its places, its division into buckets, and the replacement of a bucket."""
