"""Every sensor that an interlock reads, broken in every way, in the running system; the plant is the judge."""
