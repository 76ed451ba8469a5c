//! The client against the embedded Azure, over TLS.

mod auth;
mod operations;
mod paging;
mod retries;
mod support;
