"""The trend row: one block as numbers a host can plot."""

from micropython import const

from band.changes import N_DOMAINS, N_FEATURES, expected_value, spread_value
from band.units import UNKNOWN
from band.wire import TREND_HEAD, TREND_PER_FEATURE

ROW_FIELDS = len(TREND_HEAD) + N_DOMAINS + N_FEATURES * len(TREND_PER_FEATURE)
FEATURES_AT = const(10)  # behind five head fields and five domains


def fill(row, medians, raw_cu, spreads_cu, evidence):
    """Everything behind the head. A feature without its own unit (no mass) has z alone."""
    for domain in range(N_DOMAINS):
        row[FEATURES_AT - N_DOMAINS + domain] = evidence.domain_z_q8[domain]
    at = FEATURES_AT
    for feature in range(N_FEATURES):
        median = medians[feature]
        residual = raw_cu[feature]
        row[at] = median
        row[at + 1] = UNKNOWN
        row[at + 2] = UNKNOWN
        row[at + 3] = UNKNOWN
        if residual != UNKNOWN:
            if median != UNKNOWN:
                row[at + 1] = expected_value(feature, median, residual)
                row[at + 2] = spread_value(feature, median, spreads_cu[feature])
            row[at + 3] = evidence.z_q8[feature]
        at += 4
