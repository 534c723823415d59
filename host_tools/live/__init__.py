"""`calfband live`: what the band says, in the terminal."""
