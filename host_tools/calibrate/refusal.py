"""Data that no figure may be taken from."""

from __future__ import annotations

from host_tools.errors import CalfbandError


class RefusedError(CalfbandError):
    """Why a measurement is not used, and what to do; the step is then done again."""
