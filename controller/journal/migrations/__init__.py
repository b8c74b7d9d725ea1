"""Alembic's environment for the journal; shipped with the package, run when a database is opened."""
