"""Synthetic runs with known truth. Every recording made here is labelled synthetic.

The way of a run: plan -> athlete, conditions -> strides -> imu, emg -> faults -> write.

    run = synthesize(RunPlan(minutes=10, seed=7))
    write_edf(run, Path("run.edf"))
"""

from host_tools.synth.athlete import Athlete, draw_athlete
from host_tools.synth.fatigue_course import FatigueCourse, draw_course
from host_tools.synth.plan import Fault, RunPlan, Segment, Wear, parse_fault
from host_tools.synth.run import SyntheticRun, TruthEvent, synthesize
from host_tools.synth.write import write_edf

__all__ = [
    "Athlete",
    "Fault",
    "FatigueCourse",
    "RunPlan",
    "Segment",
    "SyntheticRun",
    "TruthEvent",
    "Wear",
    "draw_athlete",
    "draw_course",
    "parse_fault",
    "synthesize",
    "write_edf",
]
