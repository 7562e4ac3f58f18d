"""A zone that somebody announced, as a small TOML file: where, how wide, who said so, and when."""

from geobuffer.scenarios.loading import load_scenario
from geobuffer.scenarios.scenario import Report, Scenario
from geobuffer.scenarios.subject import scenario_border, scenario_places, scenario_zone

__all__ = [
    "Report",
    "Scenario",
    "load_scenario",
    "scenario_border",
    "scenario_places",
    "scenario_zone",
]
