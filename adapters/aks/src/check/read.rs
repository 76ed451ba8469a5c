//! Reading one thing or a list, where not to be allowed to is an answer too.

use kompox_arm::{ArmError, ArmRequest};
use kompox_domain::{Error, ErrorKind, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::advice::to_domain;
use crate::api::{PERMISSIONS, SUBSCRIPTIONS};
use crate::session::Session;

/// What was read; none where there is nothing.
pub(super) type Read<T> = Result<Option<T>>;

/// An element of a list.
pub(super) trait Element: DeserializeOwned + Send {
    /// What every element must say: without it nobody knows whether it is one that matters.
    type Identity: DeserializeOwned;
}

/// Reads.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) session: Session<'a>,
}

impl Reader<'_> {
    /// One resource or document.
    pub(super) async fn one<T: DeserializeOwned>(&self, path: &str, version: &str) -> Read<T> {
        let read = async {
            let request = ArmRequest::get(self.session.arm.url(path, version)?);
            self.session.arm.send(self.session.cx, &request).await?.json()
        };
        answer(read.await)
    }

    /// The elements of a list. One that cannot be read is left out unless it is one of those that matter.
    pub(super) async fn list<T: Element>(
        &self,
        path: &str,
        version: &str,
        filter: Option<&str>,
        matters: impl Fn(&T::Identity) -> bool + Send + Sync,
    ) -> Read<Vec<T>> {
        let mut found = Vec::new();
        let read = async {
            let mut url = self.session.arm.url(path, version)?;
            if let Some(filter) = filter {
                url.query_pairs_mut().append_pair("$filter", filter);
            }
            self.session
                .arm
                .try_list(self.session.cx, ArmRequest::get(url), |element| {
                    let identity: T::Identity = serde_json::from_str(element.get())?;
                    match serde_json::from_str::<T>(element.get()) {
                        Ok(element) => found.push(element),
                        Err(error) if matters(&identity) => return Err(error),
                        Err(_) => {}
                    }
                    Ok(())
                })
                .await
        };
        let result = read.await;
        Ok(answer(result)?.map(|()| found))
    }

    /// The subscription itself.
    pub(super) async fn subscription(&self, id: &str) -> Read<Subscription> {
        self.one(&format!("/subscriptions/{id}"), SUBSCRIPTIONS).await
    }

    /// What the caller may do at a scope and below. Everybody may ask that.
    pub(super) async fn permissions(&self, scope: &str) -> Read<Vec<Permission>> {
        let path = format!("{scope}/providers/Microsoft.Authorization/permissions");
        self.list(&path, PERMISSIONS, None, |_| true).await
    }
}

/// What is not there is an answer too.
fn answer<T>(result: std::result::Result<T, ArmError>) -> Read<T> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(to_domain(error)),
    }
}

/// Passes everything on but that nobody is signed in: that is no finding.
pub(super) fn signed_in<T>(read: Result<T>) -> Result<Result<T>> {
    match read {
        Err(error) if error.kind() == ErrorKind::Unauthenticated => Err(error),
        read => Ok(read),
    }
}

/// Whether Azure did not answer at all, in time.
pub(super) fn is_silence(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Throttled
    )
}

/// A subscription.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscription {
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) state: Option<String>,
}

/// What one role gives.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Permission {
    pub(super) actions: Vec<String>,
    #[serde(default)]
    pub(super) not_actions: Vec<String>,
    #[serde(default)]
    pub(super) condition: Option<String>,
}

impl Element for Permission {
    type Identity = Self;
}
