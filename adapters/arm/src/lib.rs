//! The one client for Azure Resource Manager.
//!
//! It owns credentials, retries, paging, long-running operations, and the single place where what
//! ARM answers becomes an error of the domain. Requests go through the pipeline of `azure_core`,
//! over https only, and only to the endpoint of the configured cloud.

mod attempt;
pub mod client;
pub mod cloud;
pub mod codes;
pub mod credential;
pub mod detail;
mod effect;
pub mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod id;
pub mod identity;
mod listed;
mod mapping;
pub mod operation;
pub mod pace;
pub mod paging;
pub mod request;
mod response;
pub mod retry;
mod shown;
mod texts;
mod token;
mod transport;

pub use client::{ArmClient, ArmOptions};
pub use cloud::Cloud;
pub use credential::AuthMethod;
pub use detail::ErrorDetail;
pub use error::{ArmError, Result, ServiceError};
pub use id::ResourceId;
pub use identity::Identity;
pub use listed::ListedResource;
pub use operation::FinalState;
pub use pace::Pace;
pub use request::ArmRequest;
pub use response::ArmResponse;
