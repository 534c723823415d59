"""Intervals against SciPy's own and published values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from host_tools.corpus import statistics

SCORES = st.lists(st.integers(-9, 9), min_size=1, max_size=30)


@given(st.integers(0, 200), st.floats(0.1, 5000))
def test_rate_interval_is_where_the_counts_tails_are_exactly_2_5_percent(events, hours):
    rate = statistics.rate_per_10_h(events, hours)
    assert rate.value == pytest.approx(10 * events / hours)
    assert stats.poisson.cdf(events, rate.high * hours / 10) == pytest.approx(0.025, rel=1e-6)
    if events:
        assert stats.poisson.sf(events - 1, rate.low * hours / 10) == pytest.approx(0.025, rel=1e-6)
    else:
        assert rate.low == 0


def test_no_event_in_ten_hours_still_allows_3_7_and_no_hours_allow_nothing_to_be_said():
    assert statistics.rate_per_10_h(0, 10).high == pytest.approx(3.689, abs=1e-3)
    assert math.isnan(statistics.rate_per_10_h(0, 0).value)
    with pytest.raises(ValueError):
        statistics.rate_per_10_h(-1, 10)


@given(st.integers(0, 300), st.integers(1, 300))
def test_proportion_interval_is_wilsons(successes, n):
    successes = min(successes, n)
    share = statistics.proportion(successes, n)
    theirs = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert share.low == pytest.approx(theirs.low, abs=1e-12)
    assert share.high == pytest.approx(theirs.high, abs=1e-12)


# Ranks of the limits from the binomial table, as in Conover, Practical Nonparametric Statistics.
@pytest.mark.parametrize(
    "n, low, high", [(6, 1, 6), (8, 1, 8), (9, 2, 8), (10, 2, 9), (20, 6, 15), (30, 10, 21)]
)
def test_median_interval_takes_the_tabulated_ranks(n, low, high):
    values = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
    found = statistics.median([*values, math.nan])
    assert (found.low, found.high) == (low, high)
    assert found.value == np.median(values)


def test_median_of_five_has_no_interval_and_of_none_no_value():
    assert math.isnan(statistics.median(range(5)).low)
    assert statistics.median(range(5)).value == 2
    assert math.isnan(statistics.median([math.nan]).value)


@given(SCORES, SCORES)
def test_auc_is_the_u_statistic_and_its_interval_holds_it_and_mirrors(positive, negative):
    area = statistics.auc(positive, negative)
    u = stats.mannwhitneyu(positive, negative).statistic
    assert area.value == pytest.approx(u / (len(positive) * len(negative)))
    assert 0 <= area.low <= area.value <= area.high <= 1
    other = statistics.auc(negative, positive)
    assert (1 - other.high, 1 - other.low) == pytest.approx((area.low, area.high), abs=1e-6)


def test_auc_of_wholly_apart_scores_keeps_a_width():
    assert 0.85 < statistics.auc(range(20, 40), range(20)).low < 0.95
    assert math.isnan(statistics.auc([], [1.0]).value)


def test_auc_interval_covers_the_truth_nineteen_times_in_twenty():
    rng = np.random.default_rng(1)
    truth = stats.norm.cdf(1 / math.sqrt(2))
    found = [statistics.auc(rng.normal(1, 1, 30), rng.normal(0, 1, 40)) for _ in range(1000)]
    covered = np.mean([area.low <= truth <= area.high for area in found])
    assert 0.93 <= covered <= 0.98


def test_pooled_sd_takes_each_recordings_own_mean_off():
    rng = np.random.default_rng(2)
    groups = [rng.normal(mean, 3, n) for mean, n in ((-50, 400), (0, 900), (80, 100))]
    pooled = statistics.pooled_sd([g.std() for g in groups], [len(g) for g in groups])
    apart = np.concatenate([g - g.mean() for g in groups])
    assert pooled == pytest.approx(apart.std())
    assert math.isnan(statistics.pooled_sd([], []))
