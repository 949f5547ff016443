"""Numbers held within the range of their column."""


def within(value: float, low: float, high: float) -> float:
    """The value limited to a range; NaN stays NaN, so that the record's validation finds it.

    ``min(1.0, nan)`` is 1.0: a bug would pass for a measurement.
    """
    return low if value < low else high if value > high else value
