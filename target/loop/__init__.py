"""The unit's loop in time: a model played for hours that names what overruns. `make looptime`."""
