"""When it runs: definitions, jobs, schedules, sensors, checks, and where Dagster keeps its history.

Floor 3: imports from `assets` and `resources`. What is made, and how, is decided there.
"""
