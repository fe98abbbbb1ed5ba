"""Partners: who gets a part of what is sold."""

from monokoto.earn.partners.partnership import Partnership
from monokoto.earn.partners.plan_partners import PlanPartners
from monokoto.earn.partners.routes import CONTROLLERS
from monokoto.earn.partners.service import Partnerships
from monokoto.earn.partners.statement import Statement, StatementLine, StatementRow, Statements

__all__ = [
    "CONTROLLERS",
    "Partnership",
    "Partnerships",
    "PlanPartners",
    "Statement",
    "StatementLine",
    "StatementRow",
    "Statements",
]
