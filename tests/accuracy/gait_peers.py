"""Published shank methods for contact and toe-off, each from its paper's words.

Signals come at 1 kHz. The papers leave gaps (how far apart peaks lie, where to search); these are
filled with the running limits of Kiernan et al. 2023 (Sensors 23:5022), who compared most of them:
at most 4.75 steps a second, stance from 95 ms, swing of 200 to 600 ms. Acausal filters throughout.
Every method returns `Events`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import signal

from tests.accuracy.shank import RATE_HZ

STRIDE_LEAST = 420  # samples between two contacts of one leg: 4.75 steps a second
STANCE_LEAST = 95
SWING_LEAST, SWING_MOST = 200, 600
STRIDE_MOST = 1300


@dataclass(frozen=True)
class Events:
    """Contacts in s, and the toe-off that ends each, NaN where there is none."""

    ic_s: np.ndarray
    to_s: np.ndarray


def purcell(anterior: np.ndarray, medial: np.ndarray, resultant: np.ndarray) -> Events:
    """Purcell et al. 2005 (Proc. SPIE 6036:603615), three axes of acceleration.

    Contact: the minimum of anterior acceleration nearest to the resultant's peak. Toe-off: midway
    between the largest posterior peak in 20-60 % of the stride and the medial peak nearest to it.
    """
    dips = _minima(anterior)
    contacts = [_nearest(dips, peak) for peak in _peaks(resultant, STRIDE_LEAST)]
    offs = []
    for start, stride in zip(contacts, np.diff(contacts), strict=False):
        low, high = start + stride // 5, start + 3 * stride // 5
        posterior = _minima(anterior, low, high)
        if not len(posterior):
            offs.append(np.nan)
            continue
        off = posterior[np.argmin(anterior[posterior])]
        peaks = _minima(-medial, low, high)
        offs.append((off + _nearest(peaks, off)) / 2 if len(peaks) else float(off))
    return _events(contacts, offs)


def mercer(axial: np.ndarray, maximum: int = 2) -> Events:
    """Mercer et al. 2003, after Kiernan et al. 2023: axial acceleration below 15 Hz.

    Contact: the minimum before the peak. Toe-off: the minimum after the second maximum, the peak
    itself counted (`maximum` 2) or not (3).
    """
    smooth = _low_pass(axial, 15)
    tops, dips = _minima(-smooth), _minima(smooth)
    contacts, offs = [], []
    for shock in _peaks(axial, STRIDE_LEAST):
        top = int(np.argmin(np.abs(tops - shock)))
        before = dips[dips < tops[top]]
        if not len(before):
            continue
        later = tops[top + maximum - 1 :][:1]
        after = dips[dips > later[0]][:1] if len(later) else later
        contacts.append(before[-1])
        offs.append(float(after[0]) if len(after) else np.nan)
    return _events(contacts, offs)


def sinclair(axial: np.ndarray) -> Events:
    """Sinclair et al. 2013 (J Appl Biomech 29:118), axial acceleration below 60 Hz.

    Contact: the last rise through zero before the shock that stays above for 20 ms. Toe-off: the
    first 5 ms behind the second peak in which the signal falls by less than 2 % a second.
    """
    smooth = _low_pass(axial, 60)
    above = smooth > 0
    stays = np.convolve(above, np.ones(20), "full")[19:] == 20  # this and the next 19 samples
    rises = np.flatnonzero(~above[:-1] & stays[1:]) + 1
    shocks = _peaks(smooth, STRIDE_LEAST)
    level = smooth[1:] - smooth[:-1] >= -0.02 / RATE_HZ * np.abs(smooth[1:])
    plateau = np.convolve(level, np.ones(5), "full")[4:] == 5
    contacts, offs = [], []
    for shock, following in zip(shocks, shocks[1:], strict=False):
        before = rises[rises <= shock]
        if not len(before):
            continue
        contacts.append(before[-1])
        tops = _minima(-smooth, shock + 1, following)
        if not len(tops):
            offs.append(np.nan)
            continue
        second = tops[np.argmax(smooth[tops])] + 1
        flat = np.flatnonzero(plateau[second:following])
        offs.append(float(second + flat[0]) if len(flat) else np.nan)
    return _events(contacts, offs)


def aubol_milner(acc_g: np.ndarray) -> Events:
    """Aubol & Milner 2020 (J Biomech 105:109768), resultant acceleration below 70 Hz; no toe-off.

    Contact: the lowest resultant in the 75 ms before the highest jerk on the way to the shock's
    peak (sought in the 150 ms before it).
    """
    resultant = np.linalg.norm(_low_pass(acc_g, 70), axis=1)
    jerk = np.diff(resultant)
    contacts = []
    for shock in _peaks(resultant, STRIDE_LEAST):
        start = max(shock - 150, 75)
        if start >= shock:
            continue
        steepest = start + int(np.argmax(jerk[start:shock]))
        contacts.append(steepest - 75 + int(np.argmin(resultant[steepest - 75 : steepest])))
    return _events(contacts, [np.nan] * len(contacts))


def fadillioglu(lateral: np.ndarray) -> Events:
    """Fadillioglu et al. 2020 (Gait Posture 81:102), angular rate about the medio-lateral axis.

    Mid-swing: peaks above 250 deg/s below 15 Hz. Contact: the first fall through zero after it.
    Toe-off: the highest of what lies between 10 Hz and 15 Hz before the swing's trough.
    """
    smooth = _low_pass(lateral, 15, order=2)
    between = _low_pass(lateral - smooth, 10, order=2)
    swings = _peaks(smooth, RATE_HZ // 3, height=250)
    level = signal.detrend(smooth)
    contacts = []
    for swing in swings:
        below = np.flatnonzero(level[swing : swing + RATE_HZ] < 0)
        if len(below):
            contacts.append(swing + below[0])
    offs = []
    for last, swing in zip(swings, swings[1:], strict=False):
        stride = swing - last
        if stride >= 2 * RATE_HZ:
            continue
        start = swing - stride // 2
        trough = start + int(np.argmin(smooth[start : swing - stride // 10]))
        offs.append(start + int(np.argmax(between[start : trough + 1])))
    return _join(contacts, offs)


def greene_mcgrath(lateral: np.ndarray) -> Events:
    """Greene et al. 2010 (Med Biol Eng Comput 48:1251), applied to running by McGrath et al. 2012.

    Angular rate below 5 Hz. Mid-swing: high peaks 0.5 s apart; contact and toe-off: the minima
    after and before it that pass thresholds taken from the signal's mean. (That toe-off's maximum
    must come before it is taken for a slip of the pen: none would ever be found.)
    """
    x = _low_pass(lateral, 5, order=5)
    mean, low = x.mean(), x[x < x.mean()].mean()
    tops, dips = _minima(-x), _minima(x)
    contacts, offs = [], []
    for swing in _peaks(x, RATE_HZ // 2, height=0.8 * x[x > mean].mean()):
        before = dips[dips < swing]
        if not len(before) or x[before[-1]] > 0.4 * x[swing]:
            continue
        for dip in dips[(dips > swing) & (dips <= swing + 1500)]:
            top = tops[tops < dip]
            if x[dip] < mean and len(top) and x[top[-1]] >= x[dip] + 0.8 * abs(low):
                contacts.append(dip)
                break
        for dip in before[before >= swing - 1500][::-1]:
            top = tops[tops > dip]
            if x[dip] < 0.8 * low and len(top) and x[top[0]] >= x[dip] + 1.6 * abs(low):
                offs.append(dip)
                break
    return _join(contacts, offs)


def greene_mcgrath_modified(lateral: np.ndarray) -> Events:
    """The same for running, without the walking thresholds (after Kiernan et al. 2023).

    Contact: the first minimum after mid-swing; toe-off: the last one before it.
    """
    x = _low_pass(lateral, 5, order=5)
    dips = _minima(x)
    contacts, offs = [], []
    for swing in _peaks(x, STRIDE_LEAST, height=0.8 * x[x > x.mean()].mean()):
        contacts += [int(dip) for dip in dips[dips > swing][:1]]
        offs += [int(dip) for dip in dips[dips < swing][-1:]]
    return _join(contacts, offs)


def aminian_odonovan(lateral: np.ndarray) -> Events:
    """Aminian et al. 2002 (J Biomech 35:689), O'Donovan et al. 2009, modified by Kiernan 2023.

    Their wavelet approximations are band-passes: 0.2-50 Hz for contacts, 0.2-12.5 Hz for toe-offs.
    Contact: the first negative minimum 100-300 ms after mid-swing; toe-off: the lowest raw rate in
    the 75 ms after a negative minimum 100-300 ms before it; the swing between lasts 200-600 ms.
    """
    wide, narrow = _band_pass(lateral, 0.2, 50), _band_pass(lateral, 0.2, 12.5)
    half = (SWING_LEAST // 2, SWING_MOST // 2)
    contacts, offs = [], []
    for swing in _peaks(narrow, STRIDE_LEAST, height=0):
        dips = _minima(wide, swing + half[0], swing + half[1])
        early = _minima(narrow, max(swing - half[1], 0), max(swing - half[0], 0))
        dips, early = dips[wide[dips] < 0], early[narrow[early] < 0]
        toes = [dip + int(np.argmin(lateral[dip : dip + 76])) for dip in early[::-1]]
        pair = next(((d, t) for d in dips for t in toes if SWING_LEAST < d - t < SWING_MOST), None)
        if pair:
            contacts.append(pair[0])
            offs.append(pair[1])
    return _join(contacts, offs)


def _low_pass(x: np.ndarray, cut_hz: float, order: int = 4) -> np.ndarray:
    sections = signal.butter(order, cut_hz, fs=RATE_HZ, output="sos")
    return np.asarray(signal.sosfiltfilt(sections, x, axis=0))


def _band_pass(x: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    sections = signal.butter(2, (low_hz, high_hz), "bandpass", fs=RATE_HZ, output="sos")
    return np.asarray(signal.sosfiltfilt(sections, x))


def _peaks(x: np.ndarray, distance: int, height: float | None = None) -> np.ndarray:
    found, _ = signal.find_peaks(x, distance=distance, height=height)
    return found


def _minima(x: np.ndarray, start: int = 0, stop: int | None = None) -> np.ndarray:
    found, _ = signal.find_peaks(-x[start:stop])
    return found + start


def _nearest(places: np.ndarray, to: float) -> int:
    return int(places[np.argmin(np.abs(places - to))])


def _events(contacts: list, offs: list) -> Events:
    """Contacts with their own toe-offs; the last may have none yet."""
    ic = np.asarray(contacts, float)
    to = np.full(len(ic), np.nan)
    to[: len(offs)] = offs
    late = (to - ic < STANCE_LEAST) | (to - ic > STRIDE_MOST)
    to[late] = np.nan
    return Events(ic / RATE_HZ, to / RATE_HZ)


def _join(contacts: list, offs: list) -> Events:
    """Contacts with the first toe-off that follows each before the next contact."""
    ic, toes = np.unique(np.asarray(contacts, float)), np.unique(np.asarray(offs, float))
    ends = np.append(ic, np.inf)[1:]
    to = []
    for start, end in zip(ic, ends, strict=True):
        after = toes[(toes > start + STANCE_LEAST) & (toes < min(end, start + STRIDE_MOST))]
        to.append(after[0] if len(after) else np.nan)
    return Events(ic / RATE_HZ, np.array(to) / RATE_HZ)
