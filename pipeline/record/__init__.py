"""A row of the dataset: the declaration of its columns, its assembly and its validation."""
