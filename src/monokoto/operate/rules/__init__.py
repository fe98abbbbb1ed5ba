"""What is watched for: rules over readings, and the alerts they raise."""

from monokoto.operate.rules.added.added_rule import AddedRule, Watched
from monokoto.operate.rules.added.service import NewRule, RuleChange, Rules
from monokoto.operate.rules.book import Page, RuleBook
from monokoto.operate.rules.change import AlertChange, ChangeKind, Evidence, Severity
from monokoto.operate.rules.engine.compiled import Drift
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.observer import RulesObserver
from monokoto.operate.rules.engine.surroundings import Held, Surroundings
from monokoto.operate.rules.facts import RULES_CHANGED
from monokoto.operate.rules.past import StoredPast
from monokoto.operate.rules.ports import Reach
from monokoto.operate.rules.routes import ProductRulesController, RulesController, UnitRulesController
from monokoto.operate.rules.rule import Audience, Rule
from monokoto.operate.rules.section import RulesSection, rules_of
from monokoto.operate.rules.trial.routes import TrialsController, trial_to_json
from monokoto.operate.rules.trial.run import Tally, TriedAlert
from monokoto.operate.rules.trial.service import Trials
from monokoto.operate.rules.trial.table_file import try_on_table
from monokoto.operate.rules.watching import Raised, Watching

CONTROLLERS = (RulesController, TrialsController, ProductRulesController, UnitRulesController)
"""What `api` mounts."""

__all__ = [
    "CONTROLLERS",
    "RULES_CHANGED",
    "AddedRule",
    "AlertChange",
    "Audience",
    "ChangeKind",
    "Drift",
    "Engine",
    "Evidence",
    "Held",
    "NewRule",
    "Page",
    "Raised",
    "Reach",
    "Rule",
    "RuleBook",
    "RuleChange",
    "Rules",
    "RulesObserver",
    "RulesSection",
    "Severity",
    "StoredPast",
    "Surroundings",
    "Tally",
    "Trials",
    "TriedAlert",
    "Watched",
    "Watching",
    "rules_of",
    "trial_to_json",
    "try_on_table",
]
