"""`koto doctor`: what is wrong with an installation and how to mend it, whether it runs or not."""

from monokoto.cli.doctor.command import doctor, examine
from monokoto.cli.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "doctor", "examine"]
