"""The schema's history. One file per change under `versions/`, applied in order by `migrate`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from monokoto.engines.records.database import Records

_HERE = Path(__file__).parent


def _config(records: Records) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["records"] = records
    return config


def migrate(records: Records) -> None:
    """Bring the schema to the newest version; safe to repeat, and to run in two processes at once."""
    command.upgrade(_config(records), "head")


def check_migrated(records: Records) -> bool:
    """Whether the schema is at the newest version."""
    head = ScriptDirectory.from_config(_config(records)).get_current_head()
    with records.read() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head
