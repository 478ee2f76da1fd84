"""Faults, injected into real processes: what was promised must hold whatever dies, hangs or lies."""
