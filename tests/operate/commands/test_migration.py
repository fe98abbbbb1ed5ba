"""The migration makes the table the code works with."""

from __future__ import annotations

import sqlalchemy as sa
from commands_making import House

from monokoto.operate.commands.store import commands


def test_the_migrated_table_is_that_of_the_code(house: House) -> None:
    found = sa.inspect(house.records.engine)
    columns = {column["name"]: bool(column["nullable"]) for column in found.get_columns("commands")}
    assert columns == {column.name: bool(column.nullable) for column in commands.columns}
    indexes = {index["name"]: (index["column_names"], bool(index["unique"])) for index in found.get_indexes("commands")}
    assert indexes == {
        index.name: ([column.name for column in index.columns], bool(index.unique)) for index in commands.indexes
    }
