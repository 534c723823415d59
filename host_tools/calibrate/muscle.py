"""The athlete's reference contractions: the strongest half second of each muscle."""

from __future__ import annotations

from typing import Any

import numpy as np

from host_tools.calibrate.capture import EMG_HZ, Capture, need_emg
from host_tools.calibrate.emg import in_band, mains_uv
from host_tools.calibrate.refusal import RefusedError

TIMES = 3
HELD_S = 0.5
APART_S = 1.5
AGREE = 0.25  # between the two best
MAINS_UV = 20.0
_OVER_REST = 5.0


def strongest(capture: Capture, channel: int) -> dict[str, Any]:
    """rms in uV over the best 0.5 s of three contractions (SENIAM: best of three)."""
    need_emg(capture, (channel,))
    x = capture.emg_uv[:, channel]
    band = in_band(x - x.mean())
    n = round(HELD_S * EMG_HZ)
    power = np.convolve(band**2, np.full(n, 1 / n), mode="valid")
    envelope = np.sqrt(power)
    rest = float(np.quantile(envelope, 0.05))
    mains = mains_uv(x - x.mean())[0]
    if mains > MAINS_UV and mains > 0.3 * envelope.max():
        raise RefusedError(
            "mains is louder than the muscle; check the reference electrode, then do it again."
        )
    tops: list[float] = []
    left = envelope.copy()
    for _ in range(TIMES):
        best = int(left.argmax())
        if left[best] < max(_OVER_REST * rest, 20.0):
            break
        tops.append(float(left[best]))
        around = round(APART_S * EMG_HZ)
        left[max(0, best - around) : best + around] = 0
    if len(tops) < 2:
        raise RefusedError(
            f"too few contractions: {len(tops)} stood out from rest ({rest:.0f} µV); push as hard "
            "as you can for three seconds, three times, with a pause between."
        )
    if tops[1] < (1 - AGREE) * tops[0]:
        raise RefusedError(
            f"the two strongest contractions differ too much ({tops[0]:.0f} and {tops[1]:.0f} µV); "
            "warm up and do them again."
        )
    step = 50
    return {
        "channel": channel + 1,
        "mvc_uv": tops[0],
        "tops_uv": tops,
        "rest_uv": rest,
        "plot": {
            "s": np.round(np.arange(0, len(envelope), step) / EMG_HZ, 3).tolist(),
            "uv": np.round(envelope[::step], 1).tolist(),
        },
    }
