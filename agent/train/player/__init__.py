"""An honest player of the TextWorld families: a language model that knows only its window."""
