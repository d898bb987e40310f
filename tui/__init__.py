"""The terminal interface: how a person watches and steers a run. Only this package imports Textual."""
