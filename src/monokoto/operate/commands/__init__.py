"""Commands: actions asked of units, and what came of them."""

from monokoto.operate.commands.checking import action_of, check_input
from monokoto.operate.commands.command import Answer, Command, Status
from monokoto.operate.commands.documents import CommandJson, command_to_json
from monokoto.operate.commands.observer import AnswersObserver
from monokoto.operate.commands.routes import CONTROLLERS, ActionsController
from monokoto.operate.commands.service import COMMAND_CHANGED, Asked, Commands

__all__ = [
    "COMMAND_CHANGED",
    "CONTROLLERS",
    "ActionsController",
    "Answer",
    "AnswersObserver",
    "Asked",
    "Command",
    "CommandJson",
    "Commands",
    "Status",
    "action_of",
    "check_input",
    "command_to_json",
]
