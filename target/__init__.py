"""The firmware on the band's own instruction set: exactness, cost, budget. `make target`."""
