"""What may happen to one request on its way to Xero and back, and what a pass says of it.

https://developer.xero.com/documentation/api/accounting/responsecodes, and the guides to limits and idempotent requests
"""

from __future__ import annotations

from struck_passes import ENDS, HANGS, HANGS_DONE, LASTS, LATE, Trouble, of_server
from vendors.xero.trouble import DAY_WAIT

LOCKED = "The document date cannot be before the period lock date, currently set at 31 May 2026"

# Nothing was done, and the answer does not say so.
ABSENT = (
    of_server("lost before", "lost_before"),
    of_server("page of a proxy", "html_502"),
    of_server("plain 503", "plain_503"),
    of_server("empty 500", "empty_500"),
    of_server("500 that is kept", "cached_500_not_done"),
    of_server("none of several done, then lost", "half_done", element=0),
    HANGS,
)
# It was done, and the answer does not say so.
PRESENT = (
    of_server("lost after", "lost_after"),
    of_server("page of a proxy, done", "html_502", carried_out=True),
    of_server("plain 503, done", "plain_503", carried_out=True),
    of_server("empty 500, done", "empty_500", carried_out=True),
    of_server("500 that is kept, done", "cached_500"),
    HANGS_DONE,
    of_server("truncated", "truncated"),
)
# Of several documents some were done; of fewer all.
PARTLY = (
    of_server("one done, then lost", "half_done", element=1),
    of_server("two done, then lost", "half_done", element=2),
)
# The answer says that nothing was done, or what was not.
REFUSED = (
    of_server("first refused", "element_refused", element=0),
    of_server("second refused", "element_refused", element=1),
    of_server("all refused", "refused", person=True),
    of_server("no such address", "plain_404", person=True),
    of_server("period locked", "refused", words=LOCKED),
    of_server("too many in a minute", "throttled_minute"),
    of_server("too many at once", "throttled_concurrent", moods={"throttle_body": "json"}),
    of_server("too many of the app", "throttled_appminute", moods={"throttle_body": "text"}),
    of_server("too many in every minute", "throttled_minute", times=LASTS, error="throttled"),
    of_server("too many at once for long", "throttled_concurrent", times=LASTS, error="throttled"),
    of_server("too many today", "throttled_day", error="throttled", parks_s=DAY_WAIT),
    of_server("token expired", "token_expired"),
    of_server("token expired for good", "token_expired", times=LASTS, error="unauthorised"),
    of_server("scope lacking", "insufficient_scope", error="unauthorised"),
    of_server("disconnected", "disconnected_403", error="unauthorised"),
)
# A copy of the request arrives as well: its key answers it.
TWICE = (Trouble("arrives twice", line="twice"),)
AT_WRITES = (*ABSENT, *PRESENT, *PARTLY, *REFUSED, *ENDS, *LATE, *TWICE)

# A read is tried again: once is not seen, and what goes on ends the pass.
AT_READS = (
    of_server("lost once", "lost_before"),
    of_server("lost for good", "lost_before", times=LASTS, error="network"),
    of_server("answer lost for good", "lost_after", times=LASTS, error="network"),
    of_server("page of a proxy once", "html_502"),
    of_server("page of a proxy for good", "html_502", times=LASTS, error="ledger_down"),
    of_server("plain 503 for good", "plain_503", times=LASTS, error="ledger_down"),
    of_server("empty 500 for good", "empty_500", times=LASTS, error="ledger_down"),
    HANGS,
    of_server("truncated", "truncated", error="ledger_down"),
    of_server("refused", "refused", error="ledger_down"),
    of_server("too many in a minute", "throttled_minute"),
    of_server("too many at once", "throttled_concurrent"),
    of_server("too many in every minute", "throttled_minute", times=LASTS, error="throttled"),
    of_server("too many today", "throttled_day", error="throttled", parks_s=DAY_WAIT),
    of_server("token expired", "token_expired"),
    of_server("token expired for good", "token_expired", times=LASTS, error="unauthorised"),
    of_server("scope lacking", "insufficient_scope", error="unauthorised"),
    of_server("disconnected", "disconnected_403", error="unauthorised"),
    *ENDS,
)
