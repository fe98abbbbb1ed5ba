"""The migration makes the tables the store speaks of."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from ownership_making import OWNERSHIP_TABLES

from monokoto.engines.records import Records, metadata, migrate, open_records


def shape(records: Records) -> dict[str, object]:
    """Columns (type, nullable), keys and indexes of the tables."""
    inspector = sa.inspect(records.engine)
    return {
        name: (
            {one["name"]: (str(one["type"]), one["nullable"]) for one in inspector.get_columns(name)},
            sorted(inspector.get_pk_constraint(name)["constrained_columns"]),
            sorted((one["name"], tuple(one["column_names"]), one["unique"]) for one in inspector.get_indexes(name)),
        )
        for name in OWNERSHIP_TABLES
    }


def test_the_migrated_tables_are_those_of_the_store(tmp_path: Path) -> None:
    records = open_records("", data_dir=tmp_path)
    migrate(records)
    migrated = shape(records)
    with records.write() as connection:
        for name in OWNERSHIP_TABLES:
            connection.execute(sa.text(f"DROP TABLE {name}"))
    metadata.create_all(records.engine, tables=[metadata.tables[name] for name in OWNERSHIP_TABLES])
    assert shape(records) == migrated
    records.close()
