//! Whom a connection wants: the TLS configuration goes by the name that the client asks for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kompox_emulator_core::error::EmulatorError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::endpoint::Endpoint;

/// The name that a client asks for in lower case, if only a cluster can have it; any other name is the emulator's own.
pub fn cluster_name(host: Option<&str>) -> Option<String> {
    let host = host?.to_ascii_lowercase();
    host.ends_with(".azmk8s.io").then_some(host)
}

/// Configurations for all names.
#[derive(Debug)]
pub struct Tls {
    own: Arc<ServerConfig>,
    /// By name: the cluster that had it when it was made, and its configuration.
    clusters: Mutex<HashMap<String, (String, Arc<ServerConfig>)>>,
}

impl Tls {
    /// With the configuration for every name that is no cluster's.
    pub fn new(own: ServerConfig) -> Self {
        Self {
            own: Arc::new(own),
            clusters: Mutex::default(),
        }
    }

    /// Entra and Azure Resource Manager.
    pub fn own(&self) -> Arc<ServerConfig> {
        self.own.clone()
    }

    /// A cluster under one of its names.
    pub fn cluster(&self, host: &str, endpoint: &Endpoint) -> Result<Arc<ServerConfig>, EmulatorError> {
        let mut clusters = self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((uid, config)) = clusters.get(host)
            && *uid == endpoint.uid
        {
            return Ok(config.clone());
        }
        let config = Arc::new(server_config(host, endpoint)?);
        clusters.insert(host.to_owned(), (endpoint.uid.clone(), config.clone()));
        Ok(config)
    }
}

/// A certificate for the name, and client certificates of the cluster's CA welcome but not asked for.
fn server_config(host: &str, endpoint: &Endpoint) -> Result<ServerConfig, EmulatorError> {
    let bad = |error: &dyn std::fmt::Display| EmulatorError::Certificate(error.to_string());
    let ca =
        CertificateDer::from_pem_slice(endpoint.ca_certificate.as_bytes()).map_err(|error| bad(&error))?;
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).map_err(|error| bad(&error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()
        .map_err(|error| bad(&error))?;
    let (leaf, key) = endpoint.leaf(host)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(&error))?
        .with_client_cert_verifier(clients)
        .with_single_cert(
            vec![leaf.der().clone(), ca],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .map_err(|error| bad(&error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
