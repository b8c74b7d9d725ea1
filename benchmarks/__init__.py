"""Measurements, run side by side with a peer in one run."""
