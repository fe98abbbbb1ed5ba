"""Commands: actions asked of units, and what came of them."""

from monokoto.operate.commands.announcing import COMMAND_CHANGED
from monokoto.operate.commands.asking import Asked, Interlocks, Refusal
from monokoto.operate.commands.checking import action_of, check_input
from monokoto.operate.commands.command import OPEN, Answer, Command, Status
from monokoto.operate.commands.documents import CommandJson, command_to_json
from monokoto.operate.commands.job_kinds import AskOfUnits
from monokoto.operate.commands.observer import AnswersObserver
from monokoto.operate.commands.routes import CONTROLLERS, ActionsController
from monokoto.operate.commands.service import Commands

__all__ = [
    "COMMAND_CHANGED",
    "CONTROLLERS",
    "OPEN",
    "ActionsController",
    "Answer",
    "AnswersObserver",
    "AskOfUnits",
    "Asked",
    "Command",
    "CommandJson",
    "Commands",
    "Interlocks",
    "Refusal",
    "Status",
    "action_of",
    "check_input",
    "command_to_json",
]
