//! Two operators at once, with everything going wrong, against a model of what volumes promise.
//!
//! A [`Scenario`] says what each of two operators does, one after the other, and what goes wrong meanwhile. [`run`]
//! lets them loose on one volume, in whatever order the runtime brings their requests; every state that Azure goes
//! through and every call that begins or ends goes into one [`Journal`], which [`judge`] holds against the
//! promises:
//!
//! * nothing comes, goes or is flagged that no call asked for; what is attached never goes; what belongs to
//!   others, and the user's own tags, stay as they are;
//! * once a disk is assigned one always is, unless it is deleted by force. Azure has no compare-and-set, so some
//!   meetings of two calls cannot be excluded; just those are allowed, and named in [`judge`];
//! * a call that reported success has its effect, unless another call that ran at the same time or later explains
//!   that it has not; and no name is given twice.
//!
//! Then what failed is run again, one by one and undisturbed: each must do exactly what the model foretells, and a
//! last assignment leaves exactly one flag.

#![expect(
    clippy::expect_used,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

mod foretell;
mod journal;
mod judge;
mod run;
mod scenario;
mod soak;

pub use journal::{Call, Entry, Journal, Still};
pub use judge::judge;
pub use run::{Stage, run};
pub use scenario::{Action, Racing, Scenario, scenarios};
pub use soak::{Soak, Tally};
