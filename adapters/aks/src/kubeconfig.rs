//! The way into a cluster: a kubeconfig, and the tokens that it asks for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kompox_arm::{ArmError, ArmRequest, ServiceError};
use kompox_domain::cluster::AccessToken;
use kompox_domain::driver::{Address, Credential, KubeconfigRequest};
use kompox_domain::{Argument, Cluster, Error, ErrorKind, Hint, Operation, Result, Secret, naming};
use kompox_kube::kubeconfig::Received;
use kompox_kube::{Access, KubeClient, Kubeconfig, Resolver};
use serde::Deserialize;

use crate::advice::to_domain;
use crate::api::MANAGED_CLUSTERS;
use crate::observe::ClusterRef;
use crate::observe::locate;
use crate::observe::managed_cluster::ManagedCluster;
use crate::resource_name::title;
use crate::session::Session;

/// What tokens for the API server of every AKS cluster are for: the server application, the same in all clouds.
const SERVER_SCOPE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

/// Account kubeconfig AKS is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Account {
    Admin,
    User,
}

impl Account {
    const fn action(self) -> &'static str {
        match self {
            Self::Admin => "listClusterAdminCredential",
            Self::User => "listClusterUserCredential",
        }
    }
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(default)]
    kubeconfigs: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    value: String,
}

/// The kubeconfig of a cluster.
pub(crate) async fn kubeconfig(
    session: Session<'_>,
    scope: &Cluster,
    cluster_ref: &ClusterRef,
    request: &KubeconfigRequest,
) -> Result<Secret> {
    let Some(cluster) = locate::locate(session, cluster_ref).await? else {
        return Err(missing(scope, cluster_ref));
    };
    require_running(&cluster)?;
    let account = account(&cluster, request.credential)?;
    let public = public(&cluster, request.address, session.resolver).await?;
    let Received { access, wants_token } = fetch(session, &cluster, account, public).await?;
    let entra = account == Account::User && (cluster.properties.aad_profile.is_some() || wants_token);
    // AKS names kubelogin; this program gives out the same token.
    let access = if entra {
        access.with_token_command(&request.token_command)
    } else {
        access
    };
    let name = naming::kubeconfig_name(&scope.id.cluster, &scope.hash());
    let access = access.renamed(&name).with_handle(&cluster.id.to_lowercase());
    tracing::debug!(
        cluster = cluster.id,
        ?account,
        server = access.server(),
        "kubeconfig"
    );
    Ok(Secret::new(access.to_kubeconfig().to_yaml()))
}

/// A way in for us: without any program, with a token in its place where one is asked for.
///
/// # Errors
/// What kept AKS from giving out a credential, and Entra ID a token.
pub(crate) async fn way_in(
    session: Session<'_>,
    cluster: &ManagedCluster,
) -> Result<(Access, Option<Secret>)> {
    let public = public(cluster, Address::Auto, session.resolver).await?;
    let account = account(cluster, Credential::Auto)?;
    let Received { access, wants_token } = match fetch(session, cluster, account, public).await {
        // Whoever may not have the administrator's may still have their own.
        Err(error) if account == Account::Admin && error.kind() == ErrorKind::PermissionDenied => {
            fetch(session, cluster, Account::User, public).await?
        }
        answer => answer?,
    };
    let asked = if wants_token {
        Some(token(session).await?.token)
    } else {
        None
    };
    Ok((access, asked))
}

/// Refuses a cluster in which nothing answers.
///
/// # Errors
/// `Precondition`.
pub(crate) fn require_running(cluster: &ManagedCluster) -> Result<()> {
    if !cluster.is_stopped() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Precondition,
        format!("{} is stopped", title(&cluster.id)),
    )
    .with_target(cluster.id.clone())
    .with_hint(Hint::foreign(
        "start it",
        format!("az aks start --ids {}", cluster.id),
    )))
}

/// A client for a cluster's API server, as patient as ours for ARM.
///
/// # Errors
/// As [`way_in`].
pub(crate) async fn client(session: Session<'_>, cluster: &ManagedCluster) -> Result<KubeClient> {
    let (access, token) = way_in(session, cluster).await?;
    Ok(KubeClient::new(&access, token.as_ref())?.with_pace(session.arm.backoff()))
}

/// A token of whoever is signed in, for the API server of any AKS cluster.
pub(crate) async fn token(session: Session<'_>) -> Result<AccessToken> {
    let (token, expires_at) = session.arm.token(session.cx, SERVER_SCOPE).await?;
    Ok(AccessToken { token, expires_at })
}

/// The error of asking for a cluster that is not there.
pub(crate) fn missing(scope: &Cluster, cluster_ref: &ClusterRef) -> Error {
    let id = &scope.id;
    match cluster_ref {
        ClusterRef::Provisioned { .. } => {
            Error::new(ErrorKind::NotFound, format!("cluster {id} is not there yet"))
                .with_hint(Hint::command("provision it", Operation::ClusterProvision))
        }
        ClusterRef::Existing(handle) => Error::new(ErrorKind::NotFound, format!("there is no {handle}"))
            .with_hint(Hint::setting("check", "AZURE_AKS_RESOURCE_ID")),
    }
}

/// Account credential it is to be.
fn account(cluster: &ManagedCluster, asked: Credential) -> Result<Account> {
    let local = cluster.properties.disable_local_accounts != Some(true);
    match asked {
        Credential::User => Ok(Account::User),
        Credential::Auto if !local => Ok(Account::User),
        Credential::Auto | Credential::Admin if local => Ok(Account::Admin),
        Credential::Auto | Credential::Admin => Err(no_admin(cluster)),
    }
}

fn no_admin(cluster: &ManagedCluster) -> Error {
    Error::new(
        ErrorKind::Precondition,
        format!(
            "{} has no administrator of its own: its local accounts are off",
            title(&cluster.id)
        ),
    )
    .with_hint(Hint::argument(
        "sign in as whoever is signed in to Azure",
        Argument::Credential("user".into()),
    ))
}

/// Whether the public address is to be asked for where the private one is the default.
async fn public(cluster: &ManagedCluster, asked: Address, resolver: &dyn Resolver) -> Result<bool> {
    let no_such = |what: &str, hint: Hint| {
        let message = format!("{} has no {what} address", title(&cluster.id));
        Err(Error::new(ErrorKind::Precondition, message).with_hint(hint))
    };
    let by = |text: &'static str, address: &'static str| {
        Hint::argument(text, Argument::Address(Some(address.into())))
    };
    let (public, private) = (cluster.public_name(), cluster.private_name());
    match (asked, public, private) {
        (Address::Public, None, Some(_)) => no_such(
            "public",
            by("from the cluster's network, use the private one", "private"),
        ),
        (Address::Private, _, None) => no_such("private", by("use the public one", "public")),
        (Address::Public, _, _) => Ok(cluster.is_private()),
        (Address::Private, _, Some(_)) | (Address::Auto, None, _) => Ok(false),
        (Address::Auto, Some(_), None) => Ok(cluster.is_private()),
        (Address::Auto, Some(public), Some(private)) => match resolver.resolve(private).await {
            Ok(_) => Ok(false),
            Err(error) => {
                tracing::debug!(private, public, %error, "the private name does not resolve here: the public one is used");
                Ok(true)
            }
        },
    }
}

/// The way in that AKS gives out, with nothing but what is known of it.
async fn fetch(
    session: Session<'_>,
    cluster: &ManagedCluster,
    account: Account,
    public: bool,
) -> Result<Received> {
    let path = format!("{}/{}", cluster.id, account.action());
    let mut url = session.arm.url(&path, MANAGED_CLUSTERS)?;
    if public {
        // `server` is never rewritten: only AKS knows which names its certificate has.
        url.query_pairs_mut().append_pair("server-fqdn", "public");
    }
    let request = ArmRequest::post_empty(url).reading();
    let response = session
        .arm
        .send(session.cx, &request)
        .await
        .map_err(|error| refused(error, cluster, account))?;
    let credentials: Credentials = response.json()?;
    let strange = |why: &str| {
        let message = format!(
            "AKS gave no kubeconfig of {} that can be used",
            title(&cluster.id)
        );
        Error::new(ErrorKind::Unavailable, message).with_source(Error::new(ErrorKind::Unavailable, why))
    };
    let Some(named) = credentials.kubeconfigs.first() else {
        return Err(strange("there is none in its answer"));
    };
    let bytes = STANDARD
        .decode(&named.value)
        .map_err(|_| strange("it is not in base64"))?;
    let received = Kubeconfig::received(&bytes).map_err(|error| strange(&error.to_string()))?;
    if account == Account::Admin && received.wants_token {
        return Err(strange(
            "its administrator has a program for tokens, which AKS never writes",
        ));
    }
    Ok(received)
}

/// The error of asking for a credential, with the other way where there is one.
fn refused(error: ArmError, cluster: &ManagedCluster, account: Account) -> Error {
    // The code is that of any bad request: what AKS says to it is all that tells. It begins so, whatever the cluster
    // is called.
    let is_off = |refusal: &ServiceError| {
        let (status, code) = (refusal.status, refusal.code.as_str());
        (status, code) == (400, "BadRequest") && refusal.message.starts_with("Getting static credential ")
    };
    if account == Account::Admin && matches!(&error, ArmError::Service(refusal) if is_off(refusal)) {
        return no_admin(cluster).with_source(to_domain(error));
    }
    let error = to_domain(error);
    match (error.kind(), account) {
        (ErrorKind::PermissionDenied, Account::Admin) => error.with_hints([
            Hint::argument("sign in as yourself", Argument::Credential("user".into())),
            Hint::text("or ask for the role Azure Kubernetes Service Cluster Admin Role on the cluster"),
        ]),
        (ErrorKind::PermissionDenied, Account::User) => {
            error.with_hint("ask for the role Azure Kubernetes Service Cluster User Role on the cluster")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::IpAddr;

    use async_trait::async_trait;
    use serde_json::json;

    use super::*;

    #[derive(Debug)]
    struct Knows(&'static [&'static str]);

    #[async_trait]
    impl Resolver for Knows {
        async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
            if self.0.contains(&host) {
                return Ok(vec![IpAddr::from([10, 0, 0, 4])]);
            }
            Err(io::Error::new(io::ErrorKind::NotFound, "no such name"))
        }
    }

    fn cluster(properties: &serde_json::Value) -> ManagedCluster {
        let id =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks-1";
        serde_json::from_value(json!({"id": id, "name": "aks-1", "properties": properties})).unwrap()
    }

    fn private(public_name: bool) -> ManagedCluster {
        let public_fqdn = if public_name { json!("public") } else { json!(null) };
        cluster(
            &json!({"fqdn": public_fqdn, "privateFQDN": "private", "apiServerAccessProfile":
            {"enablePrivateCluster": true, "enablePrivateClusterPublicFQDN": public_name}}),
        )
    }

    #[tokio::test]
    async fn the_public_address_is_asked_for_where_the_private_one_cannot_be_used_or_is_not_wanted() {
        let (here, inside) = (Knows(&["public"]), Knows(&["public", "private"]));
        let public_cluster = cluster(&json!({"fqdn": "public", "apiServerAccessProfile": null}));
        let only_private = private(false);
        let both = private(true);
        let zone_none = cluster(
            &json!({"fqdn": "public", "privateFQDN": "", "apiServerAccessProfile":
            {"enablePrivateCluster": true, "privateDNSZone": "none"}}),
        );
        let cases = [
            (&public_cluster, Address::Auto, &here, Some(false)),
            (&public_cluster, Address::Public, &here, Some(false)),
            (&public_cluster, Address::Private, &here, None),
            (&both, Address::Auto, &here, Some(true)),
            (&both, Address::Auto, &inside, Some(false)),
            (&both, Address::Public, &inside, Some(true)),
            (&both, Address::Private, &here, Some(false)),
            (&only_private, Address::Auto, &here, Some(false)),
            (&only_private, Address::Public, &here, None),
            (&only_private, Address::Private, &here, Some(false)),
            (&zone_none, Address::Auto, &here, Some(true)),
            (&zone_none, Address::Public, &here, Some(true)),
            (&zone_none, Address::Private, &here, None),
        ];
        for (number, (cluster, asked, resolver, expected)) in cases.into_iter().enumerate() {
            let answer = public(cluster, asked, resolver).await;
            assert_eq!(answer.as_ref().ok().copied(), expected, "case {number}");
            if let Err(error) = answer {
                assert_eq!(error.kind(), ErrorKind::Precondition);
                assert!(format!("{:?}", error.hints()).contains("Address("));
            }
        }
    }

    #[test]
    fn the_administrator_is_used_where_there_is_one_and_refused_where_there_is_none() {
        let with = cluster(&json!({"disableLocalAccounts": false}));
        let without = cluster(&json!({"disableLocalAccounts": true}));
        assert_eq!(account(&with, Credential::Auto).ok(), Some(Account::Admin));
        assert_eq!(account(&with, Credential::User).ok(), Some(Account::User));
        assert_eq!(account(&without, Credential::Auto).ok(), Some(Account::User));
        let error = account(&without, Credential::Admin).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition);
        assert!(format!("{:?}", error.hints()).contains("Credential(\"user\")"));
    }
}
