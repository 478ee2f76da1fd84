"""Measurements, run by `make bench`. Not tests: nothing here fails, it prints figures beside their goals."""
