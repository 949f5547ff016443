"""A dataset's rows in BigQuery: brought up to date from the buckets that changed."""
