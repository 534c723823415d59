"""Runs after boot.py: the app, unless boot.py chose safe mode. The same in every version."""

if not globals().get("safe_mode", False):
    from band.unit.start import run

    run()
