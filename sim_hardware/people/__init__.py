"""People at the cabins: agents that see only what a person could see."""
