"""The migration makes the tables the code works with."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from twins_making import TABLES

from monokoto.engines.records import migrate, open_records


def test_the_migrated_tables_are_those_of_the_code(tmp_path: Path) -> None:
    records = open_records("", data_dir=tmp_path)
    migrate(records)
    found = sa.inspect(records.engine)
    for table in TABLES:
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert columns.keys() == set(table.columns.keys())
        assert {name: bool(column["nullable"]) for name, column in columns.items()} == {
            column.name: bool(column.nullable) for column in table.columns
        }
        assert found.get_pk_constraint(table.name)["constrained_columns"] == [
            column.name for column in table.primary_key.columns
        ]
        assert {index["name"]: index["column_names"] for index in found.get_indexes(table.name)} == {
            index.name: [column.name for column in index.columns] for index in table.indexes
        }
    records.close()
