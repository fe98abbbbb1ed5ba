"""Jobs: one change made to many units, previewed, paced, resumed after a crash, undone where that is possible."""

from monokoto.connect.jobs.job import (
    UNCHANGED,
    Item,
    ItemState,
    Job,
    JobKind,
    JobState,
    Plan,
    Preview,
    Selection,
    Selector,
    Target,
)
from monokoto.connect.jobs.routes import JobsController, job_to_json
from monokoto.connect.jobs.service import Jobs
from monokoto.connect.jobs.worker import NO_LONGER, Worker

__all__ = [
    "NO_LONGER",
    "UNCHANGED",
    "Item",
    "ItemState",
    "Job",
    "JobKind",
    "JobState",
    "Jobs",
    "JobsController",
    "Plan",
    "Preview",
    "Selection",
    "Selector",
    "Target",
    "Worker",
    "job_to_json",
]
