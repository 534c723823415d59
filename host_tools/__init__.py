"""Host side of the calf band: replay, synthesis, reports and the virtual band."""
