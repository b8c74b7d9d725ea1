"""The command ``garagectl``: puts the parts together and holds no logic of its own."""
