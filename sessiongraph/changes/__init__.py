"""Changes that a run made, for people: its new entities and facts, and a page that shows them with their evidence."""
