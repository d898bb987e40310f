"""Rows as a Parquet file. pyarrow is imported here and nowhere else: it is an extra, being large."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from agent.errors import ConfigError
from agent.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa


def require_pyarrow() -> None:
    """Raise ConfigError, which says how to install it, where pyarrow is missing."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "Parquet needs pyarrow, which is not installed: run `pip install pyarrow` (the extra "
            "steno-agent[parquet]), or use --format csv"
        ) from error


def write_parquet(path: Path, model: type[BaseModel], rows: Sequence[BaseModel]) -> None:
    """Write rows of a model, a column a field, whole or not at all.

    Types follow from the model and not from the rows, so that files of several runs fit together.
    Raises ConfigError where pyarrow is missing, StorageFailed where the disk refuses.
    """
    require_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [(name, _type(field.annotation)) for name, field in model.model_fields.items()]
    )
    table = pa.Table.from_pylist([_values(row) for row in rows], schema)
    with replacing(path) as file:
        pq.write_table(table, file)


def _values(row: BaseModel) -> dict[str, Any]:
    # A map is written from its pairs.
    return {k: list(v.items()) if isinstance(v, dict) else v for k, v in row.model_dump().items()}


def _type(annotation: Any) -> pa.DataType:
    """The column of a field: whole numbers, shares, words, or counts by whole numbers."""
    import pyarrow as pa

    simple = {int: pa.int64(), float: pa.float64(), str: pa.string(), bool: pa.bool_()}
    if get_origin(annotation) is types.UnionType:
        [annotation] = [each for each in get_args(annotation) if each is not type(None)]
    if get_origin(annotation) is dict:
        key, value = get_args(annotation)
        return pa.map_(simple[key], simple[value])
    if get_origin(annotation) is Literal:
        return pa.string()
    return simple[annotation]
