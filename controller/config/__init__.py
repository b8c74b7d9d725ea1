"""The configuration file of one garage: its models, how it is read, and what is checked before anything starts."""
