"""Sessions and memory for other libraries' agents and chains: a module each, imported by name, each with its extra."""
