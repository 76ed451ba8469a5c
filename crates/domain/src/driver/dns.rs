//! The ability to publish the names that apps are served under.

use async_trait::async_trait;

use super::mode::Mode;
use crate::context::Context;
use crate::dns::DnsReport;
use crate::error::Result;
use crate::name::Label;
use crate::scope::AppScope;

/// What to publish.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DnsRequest {
    /// The namespaces in which the app is looked for. None: its own, and those that are labelled for it.
    pub namespaces: Vec<Label>,
}

/// DNS records of apps, for one configured provider.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DnsDriver: Send + Sync {
    /// Publishes the names that an app is served under: records that lead to its ingress.
    ///
    /// # Behavior
    /// Names and addresses are those that the cluster serves right now. What is missing is made, what is this app's
    /// ([`Owner::owns`](crate::dns::Owner::owns)) is brought up to date, and deleted when the app is no longer served
    /// under it; nothing is deleted when some namespaces only are looked at, or when the app is served under no name
    /// at all. A record of anybody else is neither changed nor deleted, whatever it says: it is told as in the way
    /// unless it says the same. What somebody writes at the same time is found, and judged anew once. As it should be:
    /// nothing is written. A name that cannot be published is told, and keeps no other from being published.
    ///
    /// [`Mode::Plan`] answers the same, as what would be done, and writes nothing, ever.
    ///
    /// # Errors
    /// `NotFound` without a cluster; `InvalidInput` when no zone is configured; what keeps the cluster from being read,
    /// before anything is written. A zone that cannot be read and a record that cannot be written keep no other from
    /// being tried: [`Error::failures`](crate::Error::failures) names each, and the kind is theirs, or `Failed` where they differ.
    async fn deploy(
        &self,
        cx: &Context,
        app: &AppScope,
        request: &DnsRequest,
        mode: Mode,
    ) -> Result<DnsReport>;

    /// Undoes [`deploy`](Self::deploy).
    ///
    /// # Behavior
    /// Deletes exactly the records that are this app's, in every configured zone; the cluster is not asked. Nothing
    /// there: success. Records of anybody else under the same names are told as kept.
    ///
    /// [`Mode::Plan`] answers the same, as what would be done, and writes nothing.
    ///
    /// # Errors
    /// What cannot be read or deleted, as for [`deploy`](Self::deploy).
    async fn destroy(&self, cx: &Context, app: &AppScope, mode: Mode) -> Result<DnsReport>;
}
