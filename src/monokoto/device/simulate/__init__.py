"""Virtual units of a product's `simulation:` section as ordinary MQTT clients. docs/simulation.md is the manual."""

from monokoto.device.simulate.promises import Pressing, Promising
from monokoto.device.simulate.report import Note, SimulationReport
from monokoto.device.simulate.simulate import FleetSimulation, simulate

__all__ = ["FleetSimulation", "Note", "Pressing", "Promising", "SimulationReport", "simulate"]
