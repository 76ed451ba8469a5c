//! Which proxy a request goes through, as curl decides it: given the variables and where the request goes, one
//! proxy, none, or an error.
//!
//! The decision is data. Each HTTP client asks for it and does as it says, so that all of them do the same.

mod direct;
mod proxy;
mod variables;

pub use proxy::{Problem, Proxy, ProxyError};
pub use variables::{ProxyVariables, Scheme};
