"""How a person watches and steers: `steno play`, in full screen, line by line, or in a browser."""
