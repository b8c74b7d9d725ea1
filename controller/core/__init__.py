"""The controller's core: state, events and decisions. Pure and synchronous: time, seeds and inputs are arguments."""
