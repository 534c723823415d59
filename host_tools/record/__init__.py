"""`calfband record`: the band's raw streams, as they came, into an EDF+ file."""
