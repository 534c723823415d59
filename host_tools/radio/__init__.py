"""Bluetooth without a radio: the virtual band on Bumble's virtual link, and ways to reach it."""

import importlib.util

from host_tools.errors import CalfbandError


def need_bumble() -> None:
    """Raises CalfbandError where there is no Bumble: before Python 3.11."""
    if importlib.util.find_spec("bumble") is None:
        raise CalfbandError(
            "the virtual radio needs the package bumble, which needs Python 3.11: set up again "
            "with `make setup PYTHON=python3.11` or later. `calfband twin --no-radio` works."
        )
