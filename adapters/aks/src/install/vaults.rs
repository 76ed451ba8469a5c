//! Finding the key vaults of certificates. A vault's address does not say where in Azure it is, so they are looked for
//! among all that can be observed.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _};
use kompox_arm::{ArmError, ArmRequest, ListedResource};
use kompox_domain::progress::WarningKind;
use kompox_domain::{Error, ErrorKind, Hint, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use crate::api::{SUBSCRIPTIONS, VAULTS};
use crate::session::Session;
use crate::settings::cluster::VaultCertificate;

/// In how many subscriptions is looked at once.
const AT_ONCE: usize = 8;

/// A key vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vault {
    pub(super) id: String,
    pub(super) name: String,
    /// In lower case.
    pub(super) host: String,
    pub(super) tenant: String,
    /// Whether roles say who may read it. If not, its access policies do, and roles have no effect.
    pub(super) by_roles: bool,
}

#[derive(Deserialize)]
struct ListedVault {
    id: String,
    name: String,
    #[serde(default)]
    properties: VaultProperties,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct VaultProperties {
    #[serde(default)]
    vault_uri: String,
    #[serde(default)]
    tenant_id: String,
    #[serde(default)]
    enable_rbac_authorization: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedSubscription {
    subscription_id: String,
}

/// The vaults of these certificates, in which roles have an effect.
///
/// # Errors
/// `NotFound` for a vault that nobody can be observed to have; `Precondition` for one in which roles have no effect.
pub(super) async fn find(
    session: Session<'_>,
    subscription: &str,
    certificates: &[VaultCertificate],
) -> Result<Vec<Vault>> {
    let search = search(session, subscription, certificates).await?;
    if let Some(host) = search.missing.first() {
        return Err(not_found(host, search.unread));
    }
    match search.found.iter().find(|vault| !vault.by_roles) {
        Some(vault) => Err(by_policies(vault)),
        None => Ok(search.found),
    }
}

/// The scopes at which certificates get rights, as far as their vaults can be found. That one may only not have been observed
/// is told.
///
/// # Errors
/// When the subscriptions cannot be listed.
pub(crate) async fn secret_scopes(
    session: Session<'_>,
    subscription: &str,
    certificates: &[VaultCertificate],
) -> std::result::Result<Vec<String>, ArmError> {
    let search = search(session, subscription, certificates).await?;
    if let Some((unread, error)) = search.unread.first() {
        for host in &search.missing {
            session.cx.warn(
                WarningKind::Unchecked,
                format!(
                    "it was not checked whether the cluster has rights in key vault {host}: \
                     the vaults of subscription {unread} cannot be listed: {error}"
                ),
            );
        }
    }
    let scope = |certificate: &VaultCertificate| {
        let vault = search.found.iter().find(|vault| vault.host == certificate.host)?;
        Some(vault.secret(certificate))
    };
    Ok(certificates.iter().filter_map(scope).collect())
}

/// What came of looking for vaults.
#[derive(Debug, Default)]
struct Search<'a> {
    found: Vec<Vault>,
    /// Hosts of those that were not found.
    missing: BTreeSet<&'a str>,
    /// Subscriptions that could not be looked into.
    unread: Vec<(String, ArmError)>,
}

/// First where the cluster is, then in every subscription that can be observed.
async fn search<'a>(
    session: Session<'_>,
    subscription: &str,
    certificates: &'a [VaultCertificate],
) -> std::result::Result<Search<'a>, ArmError> {
    let mut search = Search {
        missing: certificates
            .iter()
            .map(|certificate| certificate.host.as_str())
            .collect(),
        ..Search::default()
    };
    if search.missing.is_empty() {
        return Ok(search);
    }
    let (here, all) = futures::join!(listed(session, subscription), subscriptions(session));
    search.take(here, subscription);
    if !search.missing.is_empty() {
        let others = all?
            .into_iter()
            .filter(|other| !other.eq_ignore_ascii_case(subscription));
        let asked = others.map(|other| async move {
            let vaults = listed(session, &other).await;
            (other, vaults)
        });
        let mut asked = stream::iter(asked).buffered(AT_ONCE);
        while let Some((other, vaults)) = asked.next().await {
            search.take(vaults, &other);
        }
    }
    Ok(search)
}

impl Search<'_> {
    /// Keeps those that are looked for.
    fn take(&mut self, listed: std::result::Result<Vec<Vault>, ArmError>, subscription: &str) {
        match listed {
            Ok(vaults) => {
                for vault in vaults {
                    if self.missing.remove(vault.host.as_str()) {
                        self.found.push(vault);
                    }
                }
            }
            // What cannot be looked into does not matter where the vault is somewhere else.
            Err(error) => self.unread.push((subscription.to_owned(), error)),
        }
    }
}

impl Vault {
    /// The secret of a certificate, as a scope.
    pub(super) fn secret(&self, certificate: &VaultCertificate) -> String {
        format!("{}/secrets/{}", self.id, certificate.object)
    }
}

async fn subscriptions(session: Session<'_>) -> std::result::Result<Vec<String>, ArmError> {
    let request = ArmRequest::get(session.arm.url("/subscriptions", SUBSCRIPTIONS)?);
    let mut ids: Vec<String> = Vec::new();
    let each = |element: &RawValue| {
        let listed: ListedSubscription = serde_json::from_str(element.get())?;
        let known = |id: &String| id.eq_ignore_ascii_case(&listed.subscription_id);
        if !ids.iter().any(known) {
            ids.push(listed.subscription_id);
        }
        Ok(())
    };
    session.arm.try_list(session.cx, request, each).await?;
    Ok(ids)
}

async fn listed(session: Session<'_>, subscription: &str) -> std::result::Result<Vec<Vault>, ArmError> {
    let path = format!("/subscriptions/{subscription}/providers/Microsoft.KeyVault/vaults");
    let request = ArmRequest::get(session.arm.url(&path, VAULTS)?);
    let mut vaults = Vec::new();
    let each = |resource: ListedResource<'_>| {
        // That of somebody else may be anything.
        vaults.extend(resource.read().ok().and_then(vault));
        Ok(())
    };
    match session.arm.list_resources(session.cx, request, each).await {
        // Where nobody has ever made one.
        Err(error) if error.code() == Some("MissingSubscriptionRegistration") => Ok(Vec::new()),
        read => read.map(|()| vaults),
    }
}

fn vault(listed: ListedVault) -> Option<Vault> {
    let uri = Url::parse(&listed.properties.vault_uri).ok()?;
    Some(Vault {
        host: uri.host_str()?.to_ascii_lowercase(),
        id: listed.id,
        name: listed.name,
        tenant: listed.properties.tenant_id,
        by_roles: listed.properties.enable_rbac_authorization == Some(true),
    })
}

fn not_found(host: &str, unread: Vec<(String, ArmError)>) -> Error {
    let error = Error::new(
        ErrorKind::NotFound,
        format!("none of the subscriptions that can be observed has the key vault {host}"),
    )
    .with_hint(
        "check the certificate's source, and that you may read the vault: Microsoft.KeyVault/vaults/read on its subscription",
    );
    match unread.into_iter().next() {
        Some((subscription, why)) => error.with_source(Error::from(why).context(format!(
            "the vaults of subscription {subscription} cannot be listed"
        ))),
        None => error,
    }
}

fn by_policies(vault: &Vault) -> Error {
    Error::new(
        ErrorKind::Precondition,
        format!(
            "key vault {} lets in by access policies: a role would have no effect there",
            vault.name
        ),
    )
    .with_target(vault.id.clone())
    .with_hint(Hint::foreign(
        "give roles to those who use it now, since policies end with it, then let roles decide",
        format!(
            "az keyvault update --name {} --enable-rbac-authorization true",
            vault.name
        ),
    ))
}
