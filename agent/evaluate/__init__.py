"""`steno eval`: a grid of arms, families and seeds is played, and what came of it is told."""
