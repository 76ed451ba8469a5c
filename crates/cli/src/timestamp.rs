//! Points in time as they are printed.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A point in time, RFC 3339 in UTC.
pub(crate) fn rfc3339(time: OffsetDateTime) -> String {
    let utc = time.to_offset(UtcOffset::UTC);
    // Years beyond 9999 have no such form; they are shown as they are.
    utc.format(&Rfc3339).unwrap_or_else(|_| utc.to_string())
}
