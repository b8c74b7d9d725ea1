"""The campaign: real core, safety and recovery against the emulated plant, in virtual time, all from one seed."""
