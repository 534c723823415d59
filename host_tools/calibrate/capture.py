"""A stretch of raw samples from the band, in physical units and on one line of time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from host_tools.calibrate.refusal import RefusedError
from host_tools.firmware_tables import units

EMG_HZ = 1000.0
IMU_HZ = units.IMU_RATE_MHZ / 1000
RAIL = 32_700  # raw LSB: at or near the end of a sensor's range
BLOCK_S = 0.25


@dataclass
class Capture:
    """Raw int16 of both sensors without a gap; `told`: (IMU frame, ms of the EMG's time) pairs."""

    emg: np.ndarray  # (n, 2)
    imu: np.ndarray  # (m, 6)
    emg_start: int = 0  # index of the first sample: its time in ms
    imu_start: int = 0
    told: list[tuple[int, float]] = field(default_factory=list)

    @property
    def emg_uv(self) -> np.ndarray:
        return self.emg * (units.EMG_LSB_NV / 1000)

    @property
    def acc_g(self) -> np.ndarray:
        return self.imu[:, :3] * (units.ACC_LSB_UG / 1e6)

    @property
    def gyr_dps(self) -> np.ndarray:
        return self.imu[:, 3:] * (units.GYR_LSB_MDPS / 1e3)

    @property
    def emg_ms(self) -> np.ndarray:
        return self.emg_start + np.arange(len(self.emg), dtype=float)

    @property
    def imu_ms(self) -> np.ndarray:
        """When each IMU frame was taken, in the time of the EMG samples."""
        slope, at, _ = self.line()
        return at + slope * (self.imu_start + np.arange(len(self.imu)))

    def line(self) -> tuple[float, float, float]:
        """(ms per IMU frame, ms of frame 0, rms residual in ms) of what the band has told."""
        if len(self.told) < 3:
            raise RefusedError(
                "the band has not yet told its clocks' relation often enough; wait ten seconds "
                "after it was connected."
            )
        frames, ms = np.array(self.told, dtype=float).T
        middle = frames.mean()
        slope, at = np.polyfit(frames - middle, ms, 1)
        residual = ms - (at + slope * (frames - middle))
        return float(slope), float(at - slope * middle), float(np.sqrt(np.mean(residual**2)))

    def imu_hz(self) -> float:
        """IMU frames per second of the MCU's clock; nominal while that is not known."""
        return 1000 / self.line()[0] if len(self.told) >= 3 else IMU_HZ

    def of_emg(self, start: int, stop: int) -> Capture:
        return Capture(self.emg[start:stop], self.imu, self.emg_start + start, self.imu_start)


def need_motion(capture: Capture) -> None:
    """Refuse an IMU at its rails or dead."""
    if len(capture.imu) == 0:
        raise RefusedError("no motion samples came; see what the band says of its IMU.")
    for name, raw in (("accelerometer", capture.imu[:, :3]), ("gyroscope", capture.imu[:, 3:])):
        if (np.abs(raw.astype(int)) >= RAIL).any():
            raise RefusedError(f"the {name} was saturated; move the unit more gently.")
    if (np.ptp(capture.imu.astype(int), axis=0) == 0).all() and len(capture.imu) > 100:
        raise RefusedError("the IMU gives the same numbers all the time; it is not measuring.")


def need_still(capture: Capture, moved_mg: float = 6.0, noise_mg: float = 20.0) -> None:
    """Refuse a unit that moved, or that shakes with its table."""
    need_motion(capture)
    n = round(BLOCK_S * IMU_HZ)
    blocks = len(capture.imu) // n
    acc = capture.acc_g[: blocks * n].reshape(blocks, n, 3)
    gyr = capture.gyr_dps[: blocks * n].reshape(blocks, n, 3)
    wander_mg = 1000 * float(np.ptp(acc.mean(axis=1), axis=0).max())
    wander_dps = float(np.ptp(gyr.mean(axis=1), axis=0).max())
    if wander_mg > moved_mg or wander_dps > 0.5:
        raise RefusedError(
            f"the unit moved ({wander_mg:.0f} mg, {wander_dps:.1f} deg/s from one quarter of a "
            "second to another); let it lie still on something solid."
        )
    shake_mg = 1000 * float(acc.std(axis=1).mean(axis=0).max())
    if shake_mg > noise_mg:
        raise RefusedError(
            f"it is too noisy ({shake_mg:.0f} mg rms); put the unit on a table that does not shake."
        )


def need_emg(capture: Capture, channels: tuple[int, ...] = (0, 1)) -> None:
    """Refuse an EMG that clips or is dead."""
    if len(capture.emg) == 0:
        raise RefusedError("no EMG samples came; see what the band says of its converter.")
    for channel in channels:
        raw = capture.emg[:, channel].astype(int)
        if (np.abs(raw) >= RAIL).any():
            raise RefusedError(
                f"EMG channel {channel + 1} was saturated; check what is connected to it."
            )
        if np.ptp(raw) == 0:
            raise RefusedError(f"EMG channel {channel + 1} is dead: it gives one number only.")
