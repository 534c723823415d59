"""SYNTHETIC athletes by the thousand: what the band tells them, and how often it is right.

Two tiers share athletes, scenarios and truth. The raw tier makes every sample and replays it
through the whole chain; the feature tier puts strides, with the errors the raw tier measured,
straight into the firmware's fatigue model.

    runners -> scenarios -> raw | strides, judge -> verdicts -> metrics -> tables, page
"""
