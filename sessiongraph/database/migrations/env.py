"""Alembic's: runs the migrations on the connection, and in the transaction, that `migration` gives."""

from alembic import context

given = context.config.attributes
context.configure(connection=given["connection"], version_table_schema=given["schema"])
with context.begin_transaction():
    context.run_migrations(schema=given["schema"])
