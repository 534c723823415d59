"""What is measured on: one synthetic run, as int16 samples and as the replay's byte stream."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host_tools.band_input import band_input
from host_tools.feed import messages
from host_tools.recording import read_recording
from host_tools.synth import RunPlan, synthesize, write_edf

CHAIN_MINUTES = 4
BLOCK_MS = 30
KERNEL_SAMPLES = 16384  # of EMG, of IMU frames
DECIMATED = 2048  # samples at 1 kHz that come out of the decimator


@dataclass
class Inputs:
    """The folder of the files that every implementation reads, and the samples behind them."""

    folder: Path
    emg: np.ndarray  # the whole run, (n, 2) int16
    imu: np.ndarray  # (n, 6) int16
    seconds: float


def make_inputs(folder: Path, minutes: float = CHAIN_MINUTES) -> Inputs:
    """Write what the implementations read: of the whole run the replay's byte stream, its
    settings, emg.npy and imu.npy; for the kernels emg.i16, imu.i16 and words.i32, from 20 s on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recording = folder / "run.edf"
    write_edf(synthesize(RunPlan(minutes=minutes, seed=3)), recording)
    source = band_input(read_recording(recording))
    assert source.emg is not None and source.imu is not None
    np.save(folder / "emg.npy", source.emg)
    np.save(folder / "imu.npy", source.imu)
    emg = source.emg[20_000:][:KERNEL_SAMPLES]
    emg.tofile(folder / "emg.i16")
    i2s_words(emg[:DECIMATED]).tofile(folder / "words.i32")
    source.imu[20_000:][:KERNEL_SAMPLES].tofile(folder / "imu.i16")
    with open(folder / "stream.bin", "wb") as file:
        file.writelines(messages(source, BLOCK_MS))
    settings = {**source.present, "imu_rate_mhz": source.imu_rate_mhz, "mass_g": 70_000}
    lines = [f"{name}={value}\n" for name, value in settings.items()]
    (folder / "settings.txt").write_text("".join(lines))
    return Inputs(folder, source.emg, source.imu, len(source.emg) / 1000)


def i2s_words(emg: np.ndarray) -> np.ndarray:
    """The two channels as the ADC would send them: 8 kHz, 24 bits left-justified in int32."""
    held = np.repeat(emg.astype(np.int64), 8, axis=0)
    rng = np.random.default_rng(8)
    wide = held * 65536 + rng.integers(-(2**21), 2**21, held.shape)
    return (wide.clip(-(2**31), 2**31 - 256) & ~0xFF).astype("<i4")
