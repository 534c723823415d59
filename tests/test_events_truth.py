"""How found contacts are compared with true ones."""

import numpy as np
import pytest

from host_tools.events_truth import contact_errors

TRUE_IC_S = np.array([0.5, 1.2, 1.8, 2.48, 3.1, 3.8, 4.5, 5.2])
TRUE_TO_S = TRUE_IC_S + 0.25


def test_errors_are_those_of_other_contacts_or_have_the_wrong_sign():
    errors = contact_errors(TRUE_IC_S, TRUE_TO_S, TRUE_IC_S + 0.01, TRUE_TO_S - 0.02)
    assert (errors.truth, errors.found, errors.missed, errors.false) == (3, 3, 0, 0)
    np.testing.assert_allclose(errors.t_s, [3.1, 3.8, 4.5])
    np.testing.assert_allclose(errors.ic, 0.01)
    np.testing.assert_allclose(errors.to, -0.02)
    np.testing.assert_allclose(errors.contact, -0.03)


def test_a_contact_of_the_start_up_counts_as_invented():
    # 2.48 s is start-up for the truth, but found contacts are looked at from 2.4 s on.
    assert contact_errors(TRUE_IC_S, TRUE_TO_S, TRUE_IC_S, TRUE_TO_S).false == 0


@pytest.mark.parametrize("at_s", [2.43, 2.8, 3.4])
def test_an_invented_contact_is_overlooked(at_s: float):
    true_ic_s = np.delete(TRUE_IC_S, 3)
    found = np.sort(np.append(true_ic_s, at_s))
    assert contact_errors(true_ic_s, TRUE_TO_S, found, found + 0.25).false == 1


def test_a_missed_contact_is_overlooked():
    errors = contact_errors(TRUE_IC_S, TRUE_TO_S, np.delete(TRUE_IC_S, 5), np.full(7, np.nan))
    assert (errors.found, errors.missed) == (2, 1)
    assert np.all(np.isnan(errors.to)) and np.all(np.isnan(errors.contact))
