"""What a row is: the declaration of its columns, how it is put together, and what makes it valid."""
