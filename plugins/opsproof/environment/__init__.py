"""A team's YAML files as systems, environments and requirements, with every mistake named by its position."""
