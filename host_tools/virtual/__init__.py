"""The virtual band: the firmware as it boots, with a recording as its world."""
