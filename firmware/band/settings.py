"""What the chain must know about the athlete and the unit. Integers, 0 = unknown."""

from micropython import const

from band.units import IMU_RATE_MHZ

PRIOR_RUNS = const(5)


class Settings:
    """Filled by name, from `name=int` lines; every attribute has a default."""

    def __init__(self):
        self.mass_g = 0
        self.height_mm = 0
        self.speed_mm_s = 0  # a treadmill's speed; a SPEED stream overrides it
        self.side = 0  # 0 right leg, 1 left
        self.mains_hz = 0  # 50 or 60; 0 = found by the band
        self.has_emg1 = 1
        self.has_emg2 = 1
        self.has_acc = 1
        self.has_gyr = 1
        self.imu_rate_mhz = IMU_RATE_MHZ
        self.domains_off = 0  # bit n: wire.DOMAINS[n] is no evidence of fatigue
        # Earlier runs, newest first: {feature name: [median, ...]} in the feature's own unit.
        self.priors = {}

    def set(self, name, value):
        """Take one setting. Raises KeyError for an unknown name, ValueError for a bad value."""
        if name.startswith("prior."):
            runs = self.priors.setdefault(name[6:], [])
            if len(runs) < PRIOR_RUNS:
                runs.append(value)
            return
        if not hasattr(self, name) or name == "priors" or name == "set":
            raise KeyError(name)
        if value < 0:
            raise ValueError(name)
        setattr(self, name, value)
