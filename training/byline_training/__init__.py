"""Fills `model_repository/`: prepare, teacher, student, quantize, calibrate, evaluate, export."""
