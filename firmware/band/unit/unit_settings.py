"""What the unit remembers from one start to the next: its settings and the athlete's earlier runs.

`Store` is the only way to them: names, kinds and bounds are those of settings_table.py, kept twice
by two_copies.py.
"""

from band.settings import PRIOR_RUNS, Settings
from band.unit.migrations import OF_RUNS, OF_SETTINGS
from band.unit.settings_table import CHAIN, NAME, TABLE, check, default_of, parse
from band.unit.two_copies import TwoCopies

FOLDER = "data"  # of all that the unit keeps
_PRIOR = "prior."


class UnitSettings:
    """Settings that the app looks at all the time, `unit.` left out."""

    def __init__(self):
        self.still_s = default_of("unit.still_s")
        self.rest_min = default_of("unit.rest_min")
        self.sleep_min = default_of("unit.sleep_min")
        self.start_by_running = default_of("unit.start_by_running")
        self.buzz = default_of("unit.buzz")
        self.low_battery_pct = default_of("unit.low_battery_pct")
        self.log_kb = default_of("unit.log_kb")


class Store:
    """`settings` in two copies, and `runs` in two: `prior.feature` lines, newest run first."""

    def __init__(self, folder, settings_steps=OF_SETTINGS, runs_steps=OF_RUNS):
        self.settings = TwoCopies(folder + "/settings", settings_steps)
        self.runs = TwoCopies(folder + "/runs", runs_steps)
        self._values = {}  # what is not as by default
        self._foreign = []  # lines that this firmware has no name for: kept, not used
        self.refused = []  # names whose kept values are out of today's bounds: defaults count
        self.chain = Settings()
        self.unit = UnitSettings()

    @property
    def lost(self):
        """Something was kept and could not be trusted or understood: defaults count instead."""
        return self.settings.lost or self.runs.lost or len(self.refused) > 0

    def load(self):
        """Read what was kept. Nothing raises."""
        self._values = {}
        self._foreign = []
        self.refused = []
        self.settings.load()
        for name, text in self.settings.lines:
            try:
                self._values[name] = parse(name, text)
            except KeyError:
                self._foreign.append((name, text))
            except ValueError:
                self.refused.append(name)
        self._apply()
        self.runs.load()
        self.chain.priors = {}
        for name, text in self.runs.lines:
            try:
                if name.startswith(_PRIOR):
                    self.chain.set(name, int(text))
            except ValueError:
                self.refused.append(name)

    def get(self, name):
        """A setting as it is in force. Raises KeyError for an unknown name."""
        return self._values[name] if name in self._values else default_of(name)

    def values(self):
        """{name: value} of all settings, as they are in force."""
        return {row[NAME]: self.get(row[NAME]) for row in TABLE}

    def change(self, values):
        """Set all of {name: value} and keep them, or none; None brings back the default.

        Raises KeyError and ValueError as `settings_table.check`, OSError when they cannot be kept.
        """
        changed = dict(self._values)
        for name in values:
            if values[name] is None:
                default_of(name)  # it must be a name
                changed.pop(name, None)
            else:
                changed[name] = check(name, values[name])
        kept = self.settings.from_schema == self.settings.schema and not self.refused
        if changed != self._values or not kept:
            lines = [(name, str(changed[name])) for name in sorted(changed)]
            self.settings.save(lines + self._foreign)
        self._values = changed
        self.refused = []
        self._apply()

    def add_run(self, medians):
        """Keep a run's baseline, {feature: median}, before the earlier ones. Raises OSError."""
        priors = dict(self.chain.priors)
        for name in medians:
            priors[name] = [medians[name]] + priors.get(name, [])[: PRIOR_RUNS - 1]
        lines = []
        for name in priors:
            for value in priors[name]:
                lines.append((_PRIOR + name, str(value)))
        self.runs.save(lines)
        self.chain.priors = priors

    def set_aside(self):
        """Keep what a later firmware wrote under other names, and go on. Raises OSError."""
        self.settings.set_aside()
        self.runs.set_aside()
        self.load()

    def _apply(self):
        for row in CHAIN:
            self.chain.set(row[NAME], self.get(row[NAME]))
        unit = self.unit
        unit.still_s = self.get("unit.still_s")
        unit.rest_min = self.get("unit.rest_min")
        unit.sleep_min = self.get("unit.sleep_min")
        unit.start_by_running = self.get("unit.start_by_running")
        unit.buzz = self.get("unit.buzz")
        unit.low_battery_pct = self.get("unit.low_battery_pct")
        unit.log_kb = self.get("unit.log_kb")
