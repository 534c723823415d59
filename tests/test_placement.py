"""The placement drawing: bars true to scale and on their muscles, no words off the page."""

import math
import re
from xml.etree import ElementTree

import pytest

from hardware import leg, placement, values
from tests.hardware_words import missing, note

SVG = "{http://www.w3.org/2000/svg}"
BAR = "#30363d"


@pytest.fixture(scope="module")
def page() -> ElementTree.Element:
    return ElementTree.fromstring(placement.drawing())


def _middles(page: ElementTree.Element, fill: str) -> list[tuple[float, float, float, float]]:
    """Middle and size of each rectangle of that colour."""
    found = []
    for rect in page.iter(f"{SVG}rect"):
        if rect.get("fill") == fill:
            x, y, w, h = (float(rect.get(k, "0")) for k in ("x", "y", "width", "height"))
            found.append((x + w / 2, y + h / 2, w, h))
    return found


def _inside(point: tuple[float, float], outline: list[tuple[float, float]]) -> bool:
    """Ray casting."""
    x, y = point
    crossings = 0
    for (ax, ay), (bx, by) in zip(outline, outline[1:] + outline[:1], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            crossings += 1
    return crossings % 2 == 1


def _on_page(outline: list[tuple[float, float]], x0: float) -> list[tuple[float, float]]:
    return [(x0 + x * placement.SCALE, placement.TOP + y * placement.SCALE) for x, y in outline]


def test_bars_are_drawn_out_of_scale(page):
    pairs = _middles(page, BAR)
    assert len(pairs) == 6  # GM, SO, and the pair drawn close
    for (x, y, w, h), (x2, y2, _, _) in zip(pairs[::2], pairs[1::2], strict=True):
        scale = w / values.BAR_MM[1]
        assert h / scale == pytest.approx(values.BAR_MM[0], rel=0.02)
        assert math.hypot(x2 - x, y2 - y) / scale == pytest.approx(values.BAR_DISTANCE_MM, rel=0.02)
        assert abs(x2 - x) < abs(y2 - y), "one below the other, as the fibres run"


def test_a_bar_lies_beside_its_muscle(page):
    gm, soleus = _middles(page, BAR)[:2], _middles(page, BAR)[2:4]
    for x, y, _, _ in gm:
        assert _inside((x, y), _on_page(leg.MEDIAL_HEAD, placement.BEHIND_X))
    for x, y, _, _ in soleus:
        assert _inside((x, y), _on_page(leg.SOLEUS_SIDE, placement.INSIDE_X))
        assert not _inside((x, y), _on_page(leg.SHIN_BONE, placement.INSIDE_X))


def test_soleus_is_not_two_thirds_down_the_line(page):
    soleus = _middles(page, BAR)[2:4]
    height = sum(y for _, y, _, _ in soleus) / 2
    top, bottom = _on_page([leg.CONDYLE, leg.MALLEOLUS], placement.INSIDE_X)
    assert (height - top[1]) / (bottom[1] - top[1]) == pytest.approx(2 / 3, abs=0.005)


def test_words_run_off_the_page_or_over_each_other(page):
    width, height = (float(page.get(k, "0")) for k in ("width", "height"))
    boxes = []
    for text in page.iter(f"{SVG}text"):
        size, x, y = (float(text.get(k, "0")) for k in ("font-size", "x", "y"))
        long = 0.56 * size * len(text.text or "")  # of a common sans serif
        left = x - {"end": long, "middle": long / 2}.get(text.get("text-anchor", ""), 0)
        assert left >= 0 and left + long <= width and size <= y <= height, text.text
        boxes.append((left, left + long, y - 0.75 * size, y, text.text))
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            apart = a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2]
            assert apart, (a[4], b[4])


def test_the_guide_says_another_size_or_pressure_than_the_table():
    low, high = values.PRESSURE_MMHG
    short, long = values.BAR_MM
    wanted = {
        "pressure": f"{low} to {high} mmHg",
        "distance": f"{values.BAR_DISTANCE_MM} mm apart, centre to centre",
        "bars": f"bars of {short} × {long} mm",
        "muscles": "Gastrocnemius medialis",
        "share": "Two thirds of the way down",
    }
    assert missing(note("placement.md"), wanted) == []
    drawn = re.sub(r"<[^>]*>", " ", placement.drawing())
    assert f"{low} to {high} mmHg" in drawn and f"{short} × {long} mm" in drawn
