"""A stand-in for QuickBooks Online: `with FakeQuickBooks(Company(...)) as fake:`; see `fake` and `company`."""

from vendors.quickbooks.company import REALM, Company
from vendors.quickbooks.fake import FakeQuickBooks, Request
from vendors.quickbooks.moods import Moods
from vendors.quickbooks.trouble import Fault, Limits

__all__ = ["REALM", "Company", "FakeQuickBooks", "Fault", "Limits", "Moods", "Request"]
