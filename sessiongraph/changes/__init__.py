"""What a run changed, for people: which entities and facts are new, and a page that shows them with their evidence."""
