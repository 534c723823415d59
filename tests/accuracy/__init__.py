"""How accurate the firmware is, next to published methods: `python -m tests.accuracy --help`."""
