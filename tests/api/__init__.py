"""Tests of the API process and its page."""
