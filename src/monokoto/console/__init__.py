"""The console: the web pages, which do everything through the public API. See README.md."""

from monokoto.console.api import Api, Part, Problem, Refused
from monokoto.console.assets import asset
from monokoto.console.routes.entrance import EntranceController
from monokoto.console.routes.preferences import PreferencesController, not_there
from monokoto.console.shell import router
from monokoto.console.visit import Visit, Who

CONTROLLERS = (
    EntranceController,
    PreferencesController,
)
"""The pages; each file in `routes/` has its controller here."""
CONSOLE = router([asset, not_there, *CONTROLLERS])
"""What assembly mounts."""

__all__ = ["CONSOLE", "CONTROLLERS", "Api", "Part", "Problem", "Refused", "Visit", "Who"]
