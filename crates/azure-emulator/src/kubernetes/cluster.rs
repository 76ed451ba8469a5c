//! What makes a managed cluster's endpoint: its names, its own CA, and the credentials it hands out.
//!
//! It is made when the cluster is, and lives in the store beside the Azure resources, in a key space of its own:
//! below `/_kubernetes/{uid}` lie the endpoint and every object, below `/_kubernetes.hosts` the names.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{objects, seed};
use crate::error::EmulatorError;
use crate::store::State;
use crate::types;

const KIND: &str = "_kubernetes/endpoints";
const HOST_KIND: &str = "_kubernetes/hosts";
/// Names are those of the certificates that AKS hands out.
const ADMIN: &str = "masterclient";
const ADMIN_GROUP: &str = "system:masters";

/// The endpoint of one cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Endpoint {
    /// `resourceUID` of the cluster: one that was deleted and made again has another.
    pub(crate) uid: String,
    /// Lower-cased id of the cluster.
    pub(crate) cluster: String,
    /// PEM.
    pub(crate) ca_certificate: String,
    ca_key: String,
    /// PEM; who shows it is `system:masters`.
    pub(crate) client_certificate: String,
    pub(crate) client_key: String,
    /// Good for the same.
    pub(crate) token: String,
}

impl Endpoint {
    fn generate(uid: &str, cluster: &str) -> Result<Self, rcgen::Error> {
        let ca_key = KeyPair::generate()?;
        let ca = ca_params().self_signed(&ca_key)?;
        let issuer = Issuer::new(ca_params(), &ca_key);
        let client_key = KeyPair::generate()?;
        let client = client_params().signed_by(&client_key, &issuer)?;
        Ok(Self {
            uid: uid.to_owned(),
            cluster: cluster.to_owned(),
            ca_certificate: ca.pem(),
            ca_key: ca_key.serialize_pem(),
            client_certificate: client.pem(),
            client_key: client_key.serialize_pem(),
            token: format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()),
        })
    }

    /// A certificate for a name of this cluster, and its key.
    pub(super) fn leaf(&self, host: &str) -> Result<(rcgen::Certificate, KeyPair), EmulatorError> {
        let bad = |error: rcgen::Error| EmulatorError::Certificate(error.to_string());
        let ca_key = KeyPair::from_pem(&self.ca_key).map_err(bad)?;
        let issuer = Issuer::new(ca_params(), ca_key);
        let key = KeyPair::generate().map_err(bad)?;
        let mut params = CertificateParams::new(vec![host.to_owned()]).map_err(bad)?;
        name(&mut params, "apiserver", None);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        valid_for(&mut params, 397);
        Ok((params.signed_by(&key, &issuer).map_err(bad)?, key))
    }
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    name(&mut params, "ca", None);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2099, 12, 31);
    params
}

fn client_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    name(&mut params, ADMIN, Some(ADMIN_GROUP));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    valid_for(&mut params, 730);
    params
}

fn name(params: &mut CertificateParams, common: &str, organization: Option<&str>) {
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common);
    if let Some(organization) = organization {
        params
            .distinguished_name
            .push(DnType::OrganizationName, organization);
    }
}

fn valid_for(params: &mut CertificateParams, days: i64) {
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(days);
}

/// Where everything of a cluster's Kubernetes lies.
pub(super) fn root(uid: &str) -> String {
    format!("/_kubernetes/{uid}")
}

fn host_key(host: &str) -> String {
    format!("/_kubernetes.hosts/{host}")
}

/// Makes the endpoint of a cluster, with what a new cluster has in it; one that is there already only takes new names.
pub(crate) fn open(state: &mut State, document: &Value, now: i64) {
    let properties = &document["properties"];
    let (Some(uid), Some(id)) = (properties["resourceUID"].as_str(), document["id"].as_str()) else {
        return;
    };
    if find(state, uid).is_none() {
        let endpoint = match Endpoint::generate(uid, &id.to_lowercase()) {
            Ok(endpoint) => endpoint,
            Err(error) => {
                tracing::error!(%error, "a cluster's certificates could not be made");
                return;
            }
        };
        let record = serde_json::to_value(&endpoint).unwrap_or_default();
        state.put(&root(uid), KIND, &record, now);
        seed::fill(&mut objects::Objects::of(state, uid, now), document);
    }
    seed::add_ons(&mut objects::Objects::of(state, uid, now), document);
    for host in hosts(document) {
        state.put(&host_key(&host), HOST_KIND, &json!({ "uid": uid }), now);
    }
}

/// Takes away the endpoint of a cluster that is gone, with all that was in it.
pub(crate) fn close(state: &mut State, document: &Value) {
    let Some(uid) = document["properties"]["resourceUID"].as_str() else {
        return;
    };
    state.remove_tree(&root(uid));
    for host in hosts(document) {
        state.remove(&host_key(&host));
    }
    state.mute.remove(uid);
    state.kubernetes_history.remove(uid);
}

/// Lower-cased names that a cluster's endpoint has.
fn hosts(document: &Value) -> Vec<String> {
    ["fqdn", "privateFQDN"]
        .iter()
        .filter_map(|name| document["properties"][name].as_str())
        .map(str::to_lowercase)
        .collect()
}

/// The endpoint of the cluster with this `resourceUID`.
pub(crate) fn find(state: &State, uid: &str) -> Option<Endpoint> {
    serde_json::from_value(state.document(&root(uid))?).ok()
}

/// The endpoint that has this lower-cased name, if it answers.
pub(crate) fn at(state: &State, host: &str) -> Option<Endpoint> {
    let host = state.document(&host_key(host))?;
    let endpoint = find(state, host["uid"].as_str()?)?;
    answering(state, &endpoint).is_some().then_some(endpoint)
}

/// The cluster's resource, if its endpoint answers: it is made and neither stopped nor on its way out, and no test has
/// silenced it.
pub(super) fn answering(state: &State, endpoint: &Endpoint) -> Option<Value> {
    if state.mute.contains(&endpoint.uid) {
        return None;
    }
    let document = state.document(&endpoint.cluster)?;
    let properties = &document["properties"];
    let running = properties["powerState"]["code"].as_str() == Some("Running");
    let away = matches!(
        properties["provisioningState"].as_str(),
        Some("Creating" | "Starting" | "Deleting")
    );
    let same = properties["resourceUID"].as_str() == Some(endpoint.uid.as_str());
    (running && !away && same).then_some(document)
}

/// The `resourceUID` of a cluster that has an endpoint, by its lower-cased id.
pub(crate) fn uid_of_cluster(state: &State, key: &str) -> Option<String> {
    let document = state.document(key)?;
    let uid = document["properties"]["resourceUID"].as_str()?;
    find(state, uid).map(|endpoint| endpoint.uid)
}

/// Patch version that a cluster runs.
pub(super) fn version(document: &Value) -> &str {
    document["properties"]["currentKubernetesVersion"]
        .as_str()
        .unwrap_or(types::DEFAULT_KUBERNETES)
}
