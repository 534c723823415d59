"""The EMG front end: limits met, three ways of computing agree, the note says what they say."""

import math

import numpy as np
import pytest

from hardware import notes, tables, values
from hardware.analog import leads, nodal, noise, overload, response, spice
from hardware.analog.circuit import channel
from hardware.board import unit
from tests.hardware_words import firmware_number, missing, note

WHOLE_GAIN = values.gain() * values.converter_gain()
needs_ngspice = pytest.mark.skipif(
    not spice.present(), reason="ngspice is not installed: the second opinion was not heard"
)


def phrases() -> dict[str, str]:
    """Each headline figure of front_end.md as the note must write it."""
    nominal, worst = overload.corners()
    sources = noise.sources_uv()
    edges, coupling = response.edges_hz(), response.coupling_range_hz()
    share = sources["series resistors"] ** 2 / values.MOST_NOISE_UV**2
    errors = [100 * error for error in response.gain_error()]
    return {
        "lead": f"2 × {values.SERIES_OHM / 1e3:.1f} kΩ",
        "capacitor": f"{values.RF_F * 1e12:.1f} pF<br>to ground",
        "gain": f"1 + 100 kΩ / {values.GAIN_OHM / 1e3:.1f} kΩ = {values.gain():.3f}",
        "converter": f"{values.CONVERTER_DB} dB = {values.converter_gain():.2f}",
        "whole gain": f"together {WHOLE_GAIN:.1f}",
        "full scale": f"{response.full_scale_mv():.2f} mV at the electrodes, "
        f"{response.lsb_uv():.3f} µV per step",
        "gain error": f"add up to {errors[0]:.1f} %, their root sum square is {errors[1]:.1f} %",
        "noise share": f"take {100 * share:.0f} % of the power",
        "most lead": f"at {noise.most_lead_ohm() / 1e3:.0f} kΩ per lead the limit",
        "1/f": f"up to a 1/f corner of {noise.worst_corner_hz() / 1e3:.1f} kHz",
        "output noise": f"holds up to {noise.worst_output_noise() * 1e9:.0f} nV/√Hz",
        "dry": f"takes the whole to {noise.total_uv(noise.CONTACTS_OHM['dry']):.1f} µV",
        "shorted": f"A shorted input is computed at {noise.total_uv():.2f} µV",
        "railed": f"noise is left, {sources['converter']:.2f} µV",
        "edges": f"3 dB at {edges[0]:.1f} Hz and at {edges[1]:.0f} Hz",
        "coupling": f"{response.coupling_hz():.1f} Hz ({coupling[0]:.1f} to {coupling[1]:.1f} Hz",
        "losses": f"{response.loss_db(20):.1f} dB is lost at 20 Hz and "
        f"{response.loss_db(450):.1f} dB at 450 Hz",
        "radio": f"passes {response.amplifier_hz() / 1e3:.0f} kHz, the series resistors with the "
        f"capacitance behind them {response.radio_corner_hz() / 1e3:.0f} kHz",
        "late": f"reported {response.emg_delay_us() / 1e3:.2f} ms late",
        "worst signal": f"passes {overload.most_signal_mv(worst):.1f} mV of signal whole",
        "nominal offset": "it passes "
        f"±{overload.most_offset_mv(nominal, response.full_scale_mv()):.1f} mV under full scale",
        "output": f"that is ±{overload.most_offset_mv(nominal, 0):.0f} mV between the electrodes",
        "inner": f"stands {overload.inner_room_v(nominal):.2f} V from its own limits, in the "
        f"worst corner {overload.inner_room_v(worst):.2f} V",
        "dc": f"would bear {overload.dc_coupled_offset_mv():.0f} mV of offset",
        "recovery": f"is over after {overload.recovery_ms():.0f} ms",
        "roomier": f"RG = {overload.ROOMIER_GAIN_OHM / 1e3:.1f} kΩ and "
        f"{overload.ROOMIER_CONVERTER_DB:.1f} dB in the converter bear "
        f"±{overload.roomier()[0]:.0f} mV",
        "bias": f"it makes {leads.bias_mv():.2f} mV in a dry contact",
        "common": f"takes {leads.common_mode_mv():.0f} mV between body and unit",
        "layout": f"within {leads.layout_mismatch_f() * 1e12:.2f} pF of each other",
        "static": f"8 kV to an electrode drives {leads.static_ma():.0f} mA",
        "static limit": f"1.5 kΩ, {leads.static_limit_ma() / 1e3:.1f} A",
    }


def test_the_note_says_another_figure_than_the_code():
    assert missing(note("front_end.md"), phrases()) == []


def test_a_changed_resistor_would_not_show_in_the_note(monkeypatch):
    monkeypatch.setattr(values, "SERIES_OHM", 60e3)
    monkeypatch.setattr(values, "LEAD_OHM", 120e3)
    monkeypatch.setattr(values, "GAIN_OHM", 22e3)
    lacking = " ".join(missing(note("front_end.md"), phrases()))
    for what in ("gain:", "shorted:", "static:", "layout:", "nominal offset:"):
        assert what in lacking
    assert {"front_end.md", "front_end.svg", "safety.md"} <= set(notes.stale())


def test_a_table_or_drawing_is_older_than_the_code():
    assert notes.stale() == [], "run python -m hardware.notes"


def test_a_note_without_place_for_its_table_passes_silently():
    with pytest.raises(ValueError, match="verdict"):
        notes.filled("no mark at all", "verdict", "")


def test_a_requirement_is_missed():
    missed = [what for what, _, _, _, met in tables.requirements() if not met]
    assert len(missed) == 1 and "full scale" in missed[0], "the corner that the note admits"


@pytest.mark.parametrize(
    ("name", "value", "fails"),
    [
        ("LEAD_OHM", 160e3, "noise"),
        ("LEAD_OHM", 82e3, "in series"),
        ("RF_F", 47e-12, "impedance"),
        ("STRAY_MISMATCH_F", 1e-12, "rejection"),
        ("GAIN_OHM", 20e3, "calf's EMG"),
        ("SUPPLY_V", 3.0, "calf's EMG"),
        ("CONVERTER_DB", 36.0, "one step"),
    ],
)
def test_a_bad_value_meets_its_requirement_all_the_same(monkeypatch, name, value, fails):
    monkeypatch.setattr(values, name, value)
    missed = [what for what, _, _, _, met in tables.requirements() if not met]
    assert any(fails in what for what in missed)


@pytest.mark.parametrize("f_hz", [5.0, 20.0, 100.0, 450.0])
def test_formula_and_circuit_have_different_gains(f_hz):
    circuit = abs(nodal.voltages(channel(), f_hz)["adc"]) / WHOLE_GAIN
    assert circuit == pytest.approx(abs(response.analog(np.array([f_hz]))[0]), rel=1e-3)


def _formula_noise_uv() -> float:
    """Without what the circuit has not: the amplifier's current noise and the rounding."""
    left_out = ("amplifier's current in the leads", "rounding to 16 bits")
    return math.hypot(*(uv for name, uv in noise.sources_uv().items() if name not in left_out))


def test_formula_and_circuit_have_different_noise():
    circuit_uv = nodal.noise_rms(channel(), "adc", values.BAND_HZ) / WHOLE_GAIN * 1e6
    assert circuit_uv == pytest.approx(_formula_noise_uv(), rel=0.01)


@pytest.mark.parametrize("unequal_ohm", [0.0, 20e3, 100e3])
def test_formula_promises_more_rejection_than_the_circuit_has(unequal_ohm):
    found = -20 * math.log10(abs(nodal.voltages(_common_mode(unequal_ohm), 50.0)["out"]))
    circuit_db = found + 20 * math.log10(values.gain())
    assert circuit_db - 3 < leads.cmrr_db(unequal_ohm) <= circuit_db


def _common_mode(unequal_ohm: float):
    contact = leads.CONTACT_OHM if unequal_ohm else 0.0
    return channel(
        difference_v=0.0,
        common_v=1.0,
        contacts_ohm=(contact, contact + unequal_ohm),
        unequal_f=leads.mismatch_f(),
        unequal_lead=2 * values.LEAD_TOLERANCE,
    )


def test_the_offset_that_is_borne_drives_an_inner_node_into_its_limit():
    difference = (values.OFFSET_MV + response.full_scale_mv()) / 1000
    found = nodal.voltages(channel(difference_v=difference), 0.0)
    room = overload.output_room_v(overload.corners()[0])
    assert abs(found["out"]) == pytest.approx(values.gain() * difference, rel=1e-3)
    assert abs(found["out"]) < room
    inner = room - max(abs(found["out_p"]), abs(found["out_n"]))
    assert inner == pytest.approx(overload.inner_room_v(overload.corners()[0]), abs=1e-3)
    assert abs(found["adc"]) < 1e-6, "offset reaches the converter"


@needs_ngspice
def test_ngspice_hears_another_circuit():
    net = channel()
    for f_hz in (20.0, 100.0, 450.0):
        ours = nodal.voltages(net, f_hz)["adc"]
        assert spice.voltage(net, "adc", f_hz) == pytest.approx(ours, rel=1e-4)
    theirs_uv = spice.noise_rms(net, "adc", values.BAND_HZ) / WHOLE_GAIN * 1e6
    assert theirs_uv == pytest.approx(_formula_noise_uv(), rel=0.01)
    offset = channel(difference_v=values.OFFSET_MV / 1000)
    ours = nodal.voltages(offset, 0.0)
    for node in ("out", "out_p", "out_n"):
        assert spice.voltage(offset, node, 0.0) == pytest.approx(ours[node], rel=1e-3)
    unequal = _common_mode(20e3)
    ours = abs(nodal.voltages(unequal, 50.0)["out"])
    assert abs(spice.voltage(unequal, "out", 50.0)) == pytest.approx(ours, rel=1e-3)


def test_ngspice_swallows_a_netlist_it_does_not_take():
    if not spice.present():
        pytest.skip("ngspice is not installed")
    net = channel()
    net.r("short", "in_p", "0", float("nan"))
    with pytest.raises(RuntimeError, match="ngspice"):
        spice.voltage(net, "adc", 100.0)


@pytest.mark.parametrize("chip", ["esp32s3", "esp32"])
@pytest.mark.parametrize(("muscle", "amplifier"), [("GM", "U6"), ("SO", "U7")])
def test_the_netlist_is_another_circuit_than_was_computed(chip, muscle, amplifier):
    net = unit.build(chip)

    def between(a: str, b: str | None = None) -> list[tuple[float, float, str]]:
        """Resistance, capacitance and far net of each two-pin part on a net."""
        found = []
        for part in net.parts.values():
            nets = part.two_nets_or()
            if a in nets:
                far = nets[1] if nets[0] == a else nets[0]
                if b in (None, far):
                    found.append((part.kind.ohm, part.kind.farad, far))
        return found

    ina = net.parts[amplifier]
    for sign in ("P", "N"):
        ((first, _, middle),) = between(f"SKIN_{muscle}_{sign}")
        far = [(ohm, end) for ohm, _, end in between(middle) if end != f"SKIN_{muscle}_{sign}"]
        ((second, inner),) = far
        assert first + second == pytest.approx(values.LEAD_OHM)
        assert inner == ina.net("VIN+" if sign == "P" else "VIN-")
        others = [part for part in between(inner) if part[2] != middle]
        assert others == [(0.0, pytest.approx(values.RF_F), "GND")]
    gain_net = ina.net("RG1")
    assert gain_net and between(gain_net, ina.net("RG2")) == [
        (values.GAIN_OHM, 0.0, ina.net("RG2"))
    ]
    for pole, source in (("P", ina.net("VOUT")), ("N", ina.net("REF"))):
        ((_, farad, start),) = between(f"{muscle}_ADC_{pole}")
        assert (farad, start) == (pytest.approx(values.COUPLING_F), source)


def test_the_driver_sets_another_front_end_than_the_note_has():
    driver = "chips/tlv320adc3120.py"
    assert firmware_number(driver, "GAIN_HALF_DB") / 2 == values.CONVERTER_DB
    text = note(f"../firmware/band/{driver}")
    assert "_CH1_CFG0, 0x88," in text and "_CH2_CFG0, 0x88," in text, "AC-coupled, 20 kΩ"
    assert "high-pass 0.00025 fs" in text
    source = note("../firmware/band/unit/emg_source.py")
    converter, decimator = (round(us) for us in response.linear_delay_us())
    assert f"DELAY_US = const({converter} + {decimator})" in source
    quiet_uv = math.sqrt(firmware_number("quality.py", "_QUIET")) * values.LSB_UV
    assert f"below {quiet_uv:.1f} µV rms" in note("front_end.md")
