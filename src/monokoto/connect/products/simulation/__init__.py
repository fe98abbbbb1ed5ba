"""The `simulation:` section of a product: how a virtual unit behaves, so that a fleet can be tried before a unit exists.

Pure: `parse_simulation` checks the section and gives a `Simulation`; `Simulation.unit` gives a `VirtualUnit`, which lives by
the ticks it is asked for and by its seed alone. docs/simulation.md is the manual of the section.
"""

from monokoto.connect.products.simulation.acts import Deed
from monokoto.connect.products.simulation.node import parse_duration
from monokoto.connect.products.simulation.section import Absence, Simulation, parse_simulation
from monokoto.connect.products.simulation.unit import Moment, Occurrence, VirtualUnit

__all__ = ["Absence", "Deed", "Moment", "Occurrence", "Simulation", "VirtualUnit", "parse_duration", "parse_simulation"]
