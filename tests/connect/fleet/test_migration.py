"""The migrations make the tables the store speaks of, on both kinds of records."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from monokoto.connect.fleet import Directory
from monokoto.engines.records import Records, check_migrated, metadata, migrate, open_records

TABLES = ("units", "unit_tags", "credentials", "fleet_changes")


def shape(records: Records) -> dict[str, object]:
    """Columns (type, nullable), keys and indexes of the fleet's tables."""
    inspector = sa.inspect(records.engine)
    return {
        name: (
            {one["name"]: (str(one["type"]), one["nullable"]) for one in inspector.get_columns(name)},
            sorted(inspector.get_pk_constraint(name)["constrained_columns"]),
            sorted((one["name"], tuple(one["column_names"]), one["unique"]) for one in inspector.get_indexes(name)),
        )
        for name in TABLES
    }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_migrated_tables_are_those_of_the_store(
    empty_database: Callable[[str], str], kind: str, tmp_path: Path
) -> None:
    records = open_records(empty_database(kind), data_dir=tmp_path)
    migrate(records)
    assert check_migrated(records)
    migrated = shape(records)
    assert Directory(records).refresh() == 0
    with records.write() as connection:
        for name in TABLES:
            connection.execute(sa.text(f"DROP TABLE {name}"))
    metadata.create_all(records.engine, tables=[metadata.tables[name] for name in TABLES])
    assert shape(records) == migrated
    records.close()
