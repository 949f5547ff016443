"""Where rows lie: the storage of a dataset, its division into buckets, and how a bucket is replaced."""
