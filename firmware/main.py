"""Runs after boot.py: builds the board and runs the app, unless boot.py chose safe mode."""


def _run():
    import asyncio

    import machine

    from band.unit.app import FOLDER, App
    from band.unit.board import Board
    from band.unit.restarts import MANY, Restarts

    restarts = Restarts(FOLDER)
    if restarts.in_a_row >= MANY:
        # One more start would fail, too. Switched off and on, the unit tries again.
        restarts.ran_well()
        print("Safe mode: the app failed", MANY, "times in a row.")
        print(restarts.last_error())
        return
    try:
        app = App(Board(), machine.reset_cause() == machine.WDT_RESET)
        asyncio.run(app.run())
    except Exception as error:
        Restarts(FOLDER).failed(error)
        machine.reset()


if not globals().get("safe_mode", False):
    _run()
