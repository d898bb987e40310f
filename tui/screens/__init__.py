"""The screens: the start, a session, a note, the memory browser, the help."""
