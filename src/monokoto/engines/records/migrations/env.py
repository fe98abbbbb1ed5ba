"""Alembic's entry: runs the versions on the records it was handed."""

from alembic import context

from monokoto.engines.records.database import Records, metadata

records: Records = context.config.attributes["records"]
with records.write() as connection:
    if records.dialect == "postgresql":
        # Two processes that start together: the second waits, then finds nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7302157)")
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
    context.run_migrations()
