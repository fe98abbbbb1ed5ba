"""The schema's history. One file per change under `versions/`, applied in order by `migrate`.

A version file is written by hand and never changed once released. To alter a table on SQLite use `op.batch_alter_table`.

Alembic is imported when it is used: the gateway opens the records too, never migrates them, and starts twice as fast so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from monokoto.engines.records.database import Records
from monokoto.kernel.errors import Conflict

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent


def _config(records: Records) -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # The path goes through a configuration parser, to which a percent sign is special.
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["records"] = records
    return config


def migrate(records: Records) -> None:
    """Bring the schema to the newest version, all or nothing; safe to repeat, and to run in two processes at once.

    Raises:
        Unavailable: the database is away, busy or full.
        Conflict: a newer release wrote this database.
    """
    from alembic import command  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    try:
        command.upgrade(_config(records), "head")
    except CommandError as error:
        raise Conflict(
            f"The records were written by a newer release of Monokoto ({error})",
            remedy="Install that release, or restore a backup made before the upgrade.",
        ) from error


def check_migrated(records: Records) -> bool:
    """Whether the schema is at the newest version."""
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    head = ScriptDirectory.from_config(_config(records)).get_current_head()
    with records.read() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head
