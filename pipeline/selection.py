"""Tracks of a dataset by a condition in SQL."""

import re
from collections.abc import Sequence

import pyarrow as pa

from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.record.columns import RECORD, Kind
from beamprint.pipeline.store.dataset import Dataset

_TEXT_MAPS = [column.name for column in RECORD if column.kind is Kind.TEXT_MAP]
_ALONE: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
}
"""A condition is about records only: it may not read files or the network."""


def select(
    dataset: Dataset,
    columns: Sequence[str],
    *,
    where: str = "true",
    order_by: str = "track_id",
    limit: int | None = None,
) -> pa.Table:
    """Some columns of the records that meet a condition.

    Args:
        dataset: Dataset of the records.
        columns: Columns of the result.
        where: Condition in DuckDB's SQL, over the columns of a record. ``tags`` and ``embedded`` are maps, as in
            ``embedded['genre'] = 'Jazz'``.
        order_by: Sort order of the rows, in SQL.
        limit: Largest number of rows.

    Raises:
        UsageError: DuckDB is not installed, or does not understand the condition.
    """
    try:
        import duckdb  # noqa: PLC0415
    except ImportError as error:
        message = "conditions need DuckDB, which is not installed: pip install 'beamprint[sql]'"
        raise UsageError(message) from error
    words = set(re.findall(r"\w+", f"{where} {order_by}".lower()))
    wanted = [name for name in record_schema().names if name in columns or name in words]
    table = dataset.fingerprints(wanted)
    maps = [f"map_from_entries({name}) as {name}" for name in _TEXT_MAPS if name in wanted]
    replaced = f"replace ({', '.join(maps)})" if maps else ""
    text = (
        f"select {', '.join(columns)} from (select * {replaced} from records)\n"
        f"where (\n{where}\n) order by {order_by}\n{'' if limit is None else f'limit {limit}'}"
    )
    with duckdb.connect(config=_ALONE) as connection:
        connection.register("records", table)
        try:
            return connection.sql(text).to_arrow_table()
        except duckdb.Error as error:
            raise UsageError(
                f"DuckDB does not understand the condition: {str(error).splitlines()[0]}"
            ) from error
