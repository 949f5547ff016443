"""A dataset's rows in BigQuery, updated from the changed buckets."""
