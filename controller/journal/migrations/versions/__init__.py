"""One module per revision of the journal's database, oldest first by name."""
