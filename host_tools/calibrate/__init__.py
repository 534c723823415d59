"""`calfband calibrate`: measure a unit and its wearer, tell the unit, certify.

guide: what is asked of the human -> unit: samples from the band -> capture -> one file per fit
(accelerometer, gyroscope, emg, delay, muscle, hops) -> state -> values to the unit -> certificate
"""
