"""`calfband provision`: a unit's name, wearer and behaviour, from a TOML file into its settings."""
