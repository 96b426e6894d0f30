"""What may happen to one request on its way to NetSuite and back, and what a pass says of it.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156570709583.html
"""

from __future__ import annotations

from struck_passes import ENDS, HANGS, HANGS_DONE, LATE, Trouble, of_server

# So often that no patience outlasts it: of less than a second each time.
LASTS = 999
# Of the account's clock: before the next run, and after the next but one has asked.
SOON_S, LATER_S = 40, 150
EXISTS = "This record already exists"
CHANGED = "Record has been changed"
CLOSED = "The posting period Jun 2026 is closed"

# Nothing was done, and the answer does not say so.
ABSENT = (
    of_server("lost before", "lost_before"),
    of_server("500 of NetSuite", "unexpected_500"),
    of_server("empty 500", "empty_500"),
    of_server("plain 503", "plain_503"),
    of_server("page of a proxy", "html_502"),
    of_server("page of a proxy that finds nothing", "html_404"),
    of_server("called a duplicate", "refused", words=EXISTS),
    of_server("changed meanwhile, it says", "refused", words=CHANGED),
    HANGS,
)
# It was done, and the answer does not say so.
PRESENT = (
    of_server("lost after", "lost_after"),
    of_server("500 of NetSuite, done", "unexpected_500", carried_out=True),
    of_server("empty 500, done", "empty_500", carried_out=True),
    of_server("plain 503, done", "plain_503", carried_out=True),
    of_server("page of a proxy, done", "html_502", carried_out=True),
    of_server("page of a proxy that finds nothing, done", "html_404", carried_out=True),
    HANGS_DONE,
)
# It was done, and the answer says that it stands there, or enough to look for it at once.
TOLD = (
    of_server("called a duplicate, done", "refused", words=EXISTS, carried_out=True),
    of_server("changed meanwhile, it says, done", "refused", words=CHANGED, carried_out=True),
    of_server("truncated", "truncated"),
    of_server("without an address", "no_location"),
)
# It is done while the connector goes on, or when other runs have looked; meanwhile its external id is taken.
SLOW = (
    of_server("done two requests later", "slow_commit", requests=2, seconds=SOON_S),
    of_server("done before the next run", "slow_commit", seconds=SOON_S),
    of_server("done after it was sent again", "slow_commit", seconds=LATER_S),
)
# The answer says that nothing was done.
REFUSED = (
    of_server("too many at once", "throttled"),
    of_server("too many at once, says a RESTlet", "restlet_limit"),
    of_server("too many at once for long", "throttled", times=LASTS, error="throttled"),
    of_server("login refused", "login_401"),
    of_server("login attempt refused", "login_attempt_401"),
    of_server("login refused for good", "login_401", times=LASTS, error="unauthorised"),
    of_server("login attempt refused for good", "login_attempt_401", times=LASTS, error="unauthorised"),
    of_server("permission lacking", "forbidden_403", error="unauthorised"),
    of_server("locked by a workflow", "locked", person=True),
    of_server("against a rule", "refused", person=True),
    of_server("period closed", "refused", words=CLOSED),
)
# A proxy repeats it: the second one finds the work of the first.
TWICE = (Trouble("arrives twice", line="twice"),)
AT_WRITES = (*ABSENT, *PRESENT, *TOLD, *SLOW, *REFUSED, *ENDS, *LATE, *TWICE)

# A read is tried again: once is not seen, and what goes on ends the pass.
AT_READS = (
    of_server("lost once", "lost_before"),
    of_server("lost for good", "lost_before", times=LASTS, error="network"),
    of_server("answer lost for good", "lost_after", times=LASTS, error="network"),
    of_server("500 of NetSuite once", "unexpected_500"),
    of_server("500 of NetSuite for good", "unexpected_500", times=LASTS, error="ledger_down"),
    of_server("empty 500 for good", "empty_500", times=LASTS, error="ledger_down"),
    of_server("plain 503 for good", "plain_503", times=LASTS, error="ledger_down"),
    of_server("page of a proxy for good", "html_502", times=LASTS, error="ledger_down"),
    of_server("page of a proxy that finds nothing", "html_404", error="ledger_down"),
    of_server("truncated", "truncated", error="ledger_down"),
    of_server("against a rule", "refused", error="ledger_down"),
    of_server("too many at once", "throttled"),
    of_server("too many at once for long", "throttled", times=LASTS, error="throttled"),
    of_server("login refused", "login_401"),
    of_server("login attempt refused", "login_attempt_401"),
    of_server("login refused for good", "login_401", times=LASTS, error="unauthorised"),
    of_server("permission lacking", "forbidden_403", error="unauthorised"),
    HANGS,
    *ENDS,
)
