"""Studies over many held-out photos: verification, and calibration of the gate and of the judges."""
