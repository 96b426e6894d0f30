"""A stand-in for Xero: `with FakeXero(Organisation(...)) as fake:`; see `fake` and `organisation`."""

from vendors.xero.fake import FakeXero, Request
from vendors.xero.moods import Moods
from vendors.xero.oauth import TENANT
from vendors.xero.organisation import Organisation
from vendors.xero.trouble import Fault, Limits
from vendors.xero.writing import write

__all__ = ["TENANT", "FakeXero", "Fault", "Limits", "Moods", "Organisation", "Request", "write"]
