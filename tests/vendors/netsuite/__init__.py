"""A stand-in for NetSuite: `with FakeNetsuite(Account(...)) as fake:`; see `fake`, `account` and `moods`."""

from vendors.netsuite.account import ACCOUNT_ID, Account
from vendors.netsuite.fake import FakeNetsuite, Request
from vendors.netsuite.moods import Moods
from vendors.netsuite.records import transform, write
from vendors.netsuite.trouble import Fault

__all__ = ["ACCOUNT_ID", "Account", "FakeNetsuite", "Fault", "Moods", "Request", "transform", "write"]
