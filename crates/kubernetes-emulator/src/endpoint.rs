//! The endpoint of a cluster: its own CA, and the credentials that it hands out.
//!
//! It is made when the cluster is, and lives in the store beside what others keep there, in a key space of its own:
//! below `/_kubernetes/{uid}` lie the endpoint and every object, below `/_kubernetes.hosts` the names.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use kompox_emulator_core::error::EmulatorError;
use kompox_emulator_core::store::Documents;

/// The type of its record.
pub(crate) const KIND: &str = "_kubernetes/endpoints";
/// Names are those of the certificates that AKS hands out.
const ADMIN: &str = "masterclient";
const ADMIN_GROUP: &str = "system:masters";

/// The endpoint of one cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// The uid of the cluster: one that was deleted and made again has another.
    pub uid: String,
    /// The key under which its owner keeps it.
    pub cluster: String,
    /// PEM.
    pub ca_certificate: String,
    ca_key: String,
    /// PEM; who shows it is `system:masters`.
    pub client_certificate: String,
    /// PEM; the key of the certificate.
    pub client_key: String,
    /// Good for the same.
    pub token: String,
}

impl Endpoint {
    pub(crate) fn generate(uid: &str, cluster: &str) -> Result<Self, rcgen::Error> {
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
    pub(crate) fn leaf(&self, host: &str) -> Result<(rcgen::Certificate, KeyPair), EmulatorError> {
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
pub(crate) fn root(uid: &str) -> String {
    format!("/_kubernetes/{uid}")
}

/// The endpoint of the cluster with this uid.
pub fn find(documents: &Documents, uid: &str) -> Option<Endpoint> {
    serde_json::from_value(documents.document(&root(uid))?).ok()
}
