"""An episode told again from its record: in plain text, as a page of its own, as an ATIF trajectory."""
