//! What survives when anything breaks: every operation at every request, two operators at once, a killed program.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

mod clusters;
mod company;
mod installing;
mod killed;
mod mounting;
mod names;
mod outcomes;
mod random;
mod seldom;
mod surviving;
mod volumes;
mod wrong;
