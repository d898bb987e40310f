"""What recorded runs came to: `steno results`, and what `steno eval` tells in the same way."""
