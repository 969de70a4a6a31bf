"""The built-in provider without money: the default while no real one has keys."""
