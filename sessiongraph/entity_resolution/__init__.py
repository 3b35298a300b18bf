"""Entity resolution: rules, each with a reason, for which names mean one entity. Pure."""
