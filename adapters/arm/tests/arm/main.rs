//! The client against the embedded Azure, over TLS.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the exception for tests covers only the functions that are tests, not what they share"
)]

mod auth;
mod operations;
mod paging;
mod retries;
mod support;
