"""An archived page: its text, title, date and section, or why it is no article."""
