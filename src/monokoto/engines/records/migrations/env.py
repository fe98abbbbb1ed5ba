"""Alembic's entry: runs the versions on the records it was handed, all of them in one transaction."""

from alembic import context

from monokoto.engines.records.database import Records, metadata

records: Records = context.config.attributes["records"]
with records.migrating() as connection:
    # The transaction is ours: a crash between two versions leaves the schema as it was before the first.
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
    context.run_migrations()
