"""Partners: who gets a part of what is sold."""

from monokoto.earn.partners.plan_partners import PlanPartners
from monokoto.earn.partners.routes import CONTROLLERS
from monokoto.earn.partners.statement import Statement, StatementLine, StatementRow, Statements

__all__ = ["CONTROLLERS", "PlanPartners", "Statement", "StatementLine", "StatementRow", "Statements"]
