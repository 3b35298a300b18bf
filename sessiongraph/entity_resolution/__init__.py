"""Which names mean one entity, by rules with a reason each. Pure."""
