"""Scenes: one action or a set of desired values for many units, run with a result for each."""

from monokoto.operate.scenes.asking import Actions, CommandActions, Outcome
from monokoto.operate.scenes.documents import RunJson, run_to_json
from monokoto.operate.scenes.doing import Doer
from monokoto.operate.scenes.facts import RUN_CHANGED
from monokoto.operate.scenes.looking import Looked, Looker, reason_of
from monokoto.operate.scenes.routes import CONTROLLERS, SceneRunsController, ScenesController
from monokoto.operate.scenes.run import NO_SCENE, Run, RunItem, RunItemState, RunState
from monokoto.operate.scenes.runs import Runs
from monokoto.operate.scenes.scene import Notice, Offline, Order, Scene, SceneSpec, Step, StepUnits, StopOnFailure
from monokoto.operate.scenes.service import Scenes
from monokoto.operate.scenes.worker import Worker

__all__ = [
    "CONTROLLERS",
    "NO_SCENE",
    "RUN_CHANGED",
    "Actions",
    "CommandActions",
    "Doer",
    "Looked",
    "Looker",
    "Notice",
    "Offline",
    "Order",
    "Outcome",
    "Run",
    "RunItem",
    "RunItemState",
    "RunJson",
    "RunState",
    "Runs",
    "Scene",
    "SceneRunsController",
    "SceneSpec",
    "Scenes",
    "ScenesController",
    "Step",
    "StepUnits",
    "StopOnFailure",
    "Worker",
    "reason_of",
    "run_to_json",
]
