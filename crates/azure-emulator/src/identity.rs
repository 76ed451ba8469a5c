//! Who the emulator is: tenant, subscription, client, keys and port, made once per state directory.

use std::fmt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use kompox_emulator_core::error::EmulatorError;
use kompox_emulator_core::platform;

/// Everything that must survive a restart for clients to go on without noticing.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) tenant_id: String,
    pub(crate) subscription_id: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// Object id of the client's service principal.
    pub(crate) object_id: String,
    pub(crate) port: u16,
    pub(crate) ca_certificate: String,
    ca_key: String,
    /// P-256 key (PKCS #8, PEM) that signs access tokens.
    pub(crate) signing_key: String,
}

// The derived form would show three secrets.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("tenant_id", &self.tenant_id)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// A new identity with new keys.
    pub(crate) fn generate() -> Result<Self, EmulatorError> {
        let guid = || Uuid::new_v4().to_string();
        let ca_key = KeyPair::generate().map_err(certificate)?;
        let ca = ca_params().self_signed(&ca_key).map_err(certificate)?;
        let signing_key = KeyPair::generate().map_err(certificate)?;
        Ok(Self {
            tenant_id: guid(),
            subscription_id: guid(),
            client_id: guid(),
            // Entra's own secrets are 40 characters; two GUIDs carry 244 random bits.
            client_secret: format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()),
            object_id: guid(),
            port: 0,
            ca_certificate: ca.pem(),
            ca_key: ca_key.serialize_pem(),
            signing_key: signing_key.serialize_pem(),
        })
    }

    /// The identity kept in a state directory, if there is one.
    pub(crate) fn load(directory: &Path) -> Result<Option<Self>, EmulatorError> {
        let path = identity_file(directory);
        let text = match platform::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(EmulatorError::io("read", path, error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            // serde_json's message can quote the value it stumbled over: only the place is told.
            .map_err(|error| EmulatorError::StateDamaged {
                path,
                reason: format!(
                    "no valid identity at line {}, column {}",
                    error.line(),
                    error.column()
                ),
            })
    }

    /// Writes identity and CA certificate.
    pub(crate) fn save(&self, directory: &Path) -> Result<(), EmulatorError> {
        let path = identity_file(directory);
        let text =
            serde_json::to_vec_pretty(self).map_err(|error| EmulatorError::Database(error.to_string()))?;
        platform::write_private(&path, &text).map_err(|error| EmulatorError::io("write", path, error))?;
        self.save_ca(directory)
    }

    /// Writes the CA certificate for clients, unless it is there already.
    pub(crate) fn save_ca(&self, directory: &Path) -> Result<(), EmulatorError> {
        let path = ca_file(directory);
        if platform::read(&path).is_ok_and(|bytes| bytes == self.ca_certificate.as_bytes()) {
            return Ok(());
        }
        platform::write_private(&path, self.ca_certificate.as_bytes())
            .map_err(|error| EmulatorError::io("write", path, error))
    }

    /// A TLS configuration with a fresh certificate for loopback, signed by the CA.
    pub(crate) fn server_config(&self) -> Result<rustls::ServerConfig, EmulatorError> {
        let ca_key = KeyPair::from_pem(&self.ca_key).map_err(certificate)?;
        // The parameters are constants, so the issuer equals the one in the persisted certificate.
        let issuer = Issuer::new(ca_params(), ca_key);
        let key = KeyPair::generate().map_err(certificate)?;
        let leaf = leaf_params()?.signed_by(&key, &issuer).map_err(certificate)?;
        let ca = pem_certificate(&self.ca_certificate)?;
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| EmulatorError::Certificate(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone(), ca],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .map_err(|error| EmulatorError::Certificate(error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Where the identity of a state directory is.
fn identity_file(directory: &Path) -> PathBuf {
    directory.join(platform::IDENTITY)
}

/// Where clients find the CA certificate.
pub(crate) fn ca_file(directory: &Path) -> PathBuf {
    directory.join("ca.pem")
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "Kompox embedded Azure CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2099, 12, 31);
    params
}

fn leaf_params() -> Result<CertificateParams, EmulatorError> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).map_err(certificate)?;
    params
        .subject_alt_names
        .push(SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()));
    params
        .subject_alt_names
        .push(SanType::IpAddress(std::net::Ipv6Addr::LOCALHOST.into()));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    // Some verifiers refuse server certificates of more than 825 days; this one is made at each start.
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(397);
    Ok(params)
}

fn pem_certificate(pem: &str) -> Result<CertificateDer<'static>, EmulatorError> {
    use rustls::pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| EmulatorError::Certificate(error.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn certificate(error: rcgen::Error) -> EmulatorError {
    EmulatorError::Certificate(error.to_string())
}
