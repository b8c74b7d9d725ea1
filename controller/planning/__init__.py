"""Planning: how long things take, a fast model of the whole machine, and what is best to do next. Pure throughout."""
