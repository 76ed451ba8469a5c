//! What a client needs to use a running emulator.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::ser::{Serialize, SerializeStruct, Serializer};

/// Endpoints, certificate and credentials of a running emulator.
///
/// Serialises as the line that `kompoxops emulator run -o json` prints; that line holds the secret,
/// `Debug` does not.
#[derive(Clone)]
pub struct Connection {
    /// Azure Resource Manager, without a trailing slash.
    pub arm_endpoint: String,
    /// Entra ID, without a trailing slash.
    pub authority_host: String,
    /// PEM file with the CA that signed the server's certificate.
    pub ca_file: PathBuf,
    /// The subscription that a Provider is configured with; there may be others.
    pub subscription_id: String,
    /// The one tenant.
    pub tenant_id: String,
    /// Application id of the one client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The region seeded resources live in.
    pub region: String,
}

impl Connection {
    /// What a Provider needs to use this emulator.
    #[must_use]
    pub fn settings(&self) -> BTreeMap<String, String> {
        [
            ("AZURE_SUBSCRIPTION_ID", self.subscription_id.clone()),
            ("AZURE_LOCATION", self.region.clone()),
            ("AZURE_AUTH_METHOD", "client_secret".to_owned()),
            ("AZURE_TENANT_ID", self.tenant_id.clone()),
            ("AZURE_CLIENT_ID", self.client_id.clone()),
            ("AZURE_CLIENT_SECRET", self.client_secret.clone()),
            ("AZURE_CLOUD", "Custom".to_owned()),
            ("AZURE_RESOURCE_MANAGER_ENDPOINT", self.arm_endpoint.clone()),
            ("AZURE_AUTHORITY_HOST", self.authority_host.clone()),
            ("AZURE_CA_FILE", self.ca_file.to_string_lossy().into_owned()),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }
}

impl Serialize for Connection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_struct("Connection", 8)?;
        line.serialize_field("armEndpoint", &self.arm_endpoint)?;
        line.serialize_field("authorityHost", &self.authority_host)?;
        line.serialize_field("caFile", &self.ca_file)?;
        line.serialize_field("subscriptionId", &self.subscription_id)?;
        line.serialize_field("tenantId", &self.tenant_id)?;
        line.serialize_field("clientId", &self.client_id)?;
        line.serialize_field("clientSecret", &self.client_secret)?;
        line.serialize_field("settings", &self.settings())?;
        line.end()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("arm_endpoint", &self.arm_endpoint)
            .field("authority_host", &self.authority_host)
            .field("ca_file", &self.ca_file)
            .field("subscription_id", &self.subscription_id)
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .field("client_secret", &"…")
            .field("region", &self.region)
            .finish()
    }
}
