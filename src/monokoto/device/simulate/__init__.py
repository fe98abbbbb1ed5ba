"""Virtual units of a product's `simulation:` section as ordinary MQTT clients. docs/simulation.md is the manual."""

from monokoto.device.simulate.simulate import FleetSimulation, SimulationReport, simulate

__all__ = ["FleetSimulation", "SimulationReport", "simulate"]
