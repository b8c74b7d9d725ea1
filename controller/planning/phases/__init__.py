"""The phases of the dispatcher, one module each, in the order in which ``planner.py`` asks them."""
