//! What the cluster serves of an app.

use std::collections::BTreeSet;

use kompox_domain::dns::Served;
use kompox_domain::{AppScope, Context, Error, Label, Result, naming};
use kompox_kube::KubeClient;

use crate::kubeconfig::{self, missing, require_running};
use crate::observe::locate::{ClusterRef, locate};
use crate::session::Session;

/// What the ingress's Service is called.
const SERVICE: &str = "traefik";

/// Every name that an app is served under in these namespaces; without any, in its own and in those labelled for it.
///
/// # Errors
/// `NotFound` without a cluster; what keeps it from being asked.
pub(super) async fn read(
    session: Session<'_>,
    app: &AppScope,
    cluster_ref: &ClusterRef,
    namespaces: &[Label],
) -> Result<Vec<Served>> {
    let Some(cluster) = locate(session, cluster_ref).await? else {
        return Err(missing(&app.cluster, cluster_ref));
    };
    require_running(&cluster)?;
    let client = kubeconfig::client(session, &cluster).await?;
    let read = async {
        let namespaces = if namespaces.is_empty() {
            own(&client, session.cx, app).await?
        } else {
            namespaces.iter().map(ToString::to_string).collect()
        };
        let service = (app.cluster.ingress.namespace.as_str(), SERVICE);
        client.served(session.cx, &namespaces, service).await
    };
    read.await.map_err(|error| {
        Error::from(error).context(format!("cannot read what app {} is served under", app.app.id))
    })
}

async fn own(
    client: &KubeClient,
    cx: &Context,
    app: &AppScope,
) -> std::result::Result<BTreeSet<String>, kompox_kube::KubeError> {
    let id = &app.app.id;
    let labelled = client
        .namespaces_of_app(cx, id.app.as_str(), &id.to_string())
        .await?;
    let mut namespaces: BTreeSet<String> = labelled.into_iter().collect();
    let usual = naming::app_namespace(&id.app, &app.id_hash());
    // The name of an app may be too long for a namespace of its own.
    namespaces.extend(usual.parse::<Label>().ok().map(|label| label.to_string()));
    Ok(namespaces)
}
