"""Revenue reports: what comes again and how it moves, what was charged, products set against services, who stays."""

from monokoto.earn.reports.hybrid import By
from monokoto.earn.reports.months import Months
from monokoto.earn.reports.movements import Movement
from monokoto.earn.reports.product_sales import ProductSale, ProductSales
from monokoto.earn.reports.revenue import RevenueKind
from monokoto.earn.reports.routes import ReportsController
from monokoto.earn.reports.sales_routes import ProductSalesController
from monokoto.earn.reports.service import CustomerFilter, Reports
from monokoto.earn.reports.store import RevenueFilter, SaleFilter

CONTROLLERS = (ReportsController, ProductSalesController)
"""What `api` mounts."""

__all__ = [
    "CONTROLLERS",
    "By",
    "CustomerFilter",
    "Months",
    "Movement",
    "ProductSale",
    "ProductSales",
    "ProductSalesController",
    "Reports",
    "ReportsController",
    "RevenueFilter",
    "RevenueKind",
    "SaleFilter",
]
