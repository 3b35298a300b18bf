"""Orchestration: when the assets are made. Definitions, jobs, schedules, sensors and checks.

Imports from `assets`, `resources` and the library. What is made, and how, is decided there.
"""
