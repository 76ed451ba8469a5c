//! The clouds: where ARM and Entra ID answer, and for whom a token is made.

use std::path::PathBuf;

use kompox_domain::{Error, ErrorKind};
use url::Url;

/// An Azure cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// `https://management.azure.com/` or what stands in its place.
    pub arm_endpoint: Url,
    /// Where tokens come from, without a path.
    pub authority_host: Url,
    /// The scope that a token for ARM is asked for.
    pub scope: String,
    /// PEM certificates to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
}

/// The names of the clouds that are known, as in `AZURE_CLOUD`.
pub const NAMES: [&str; 4] = ["AzurePublic", "AzureUSGovernment", "AzureChina", "Custom"];

impl Cloud {
    /// A cloud that Microsoft runs, by its name; `None` for any other name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        // Endpoints: the metadata of each cloud's own ARM, `/metadata/endpoints`.
        let (arm, authority) = match name {
            "AzurePublic" => (
                "https://management.azure.com/",
                "https://login.microsoftonline.com/",
            ),
            "AzureUSGovernment" => (
                "https://management.usgovcloudapi.net/",
                "https://login.microsoftonline.us/",
            ),
            "AzureChina" => (
                "https://management.chinacloudapi.cn/",
                "https://login.chinacloudapi.cn/",
            ),
            _ => return None,
        };
        Self::custom(arm, authority, None).ok()
    }

    /// Any cloud, by its endpoints.
    ///
    /// # Errors
    /// `InvalidInput` for what is not an https URL with a host.
    pub fn custom(arm_endpoint: &str, authority_host: &str, ca_file: Option<PathBuf>) -> Result<Self, Error> {
        let arm_endpoint = https(arm_endpoint, "AZURE_RESOURCE_MANAGER_ENDPOINT")?;
        let authority_host = https(authority_host, "AZURE_AUTHORITY_HOST")?;
        let scope = format!("{}/.default", arm_endpoint.as_str().trim_end_matches('/'));
        Ok(Self {
            arm_endpoint,
            authority_host,
            scope,
            ca_file,
        })
    }

    /// Whether a URL that a server sent may be given our token: only on ARM's own host or one below it.
    ///
    /// Regional ARM hosts are below the global one; anything else would be somebody else's.
    #[must_use]
    pub fn owns(&self, url: &Url) -> bool {
        let (Some(host), Some(ours)) = (url.host_str(), self.arm_endpoint.host_str()) else {
            return false;
        };
        let host_matches = host.eq_ignore_ascii_case(ours)
            || host
                .to_ascii_lowercase()
                .strip_suffix(&ours.to_ascii_lowercase())
                .is_some_and(|rest| rest.ends_with('.'));
        url.scheme() == "https"
            && host_matches
            && url.port_or_known_default() == self.arm_endpoint.port_or_known_default()
            && url.username().is_empty()
            && url.password().is_none()
    }
}

fn https(text: &str, key: &str) -> Result<Url, Error> {
    let invalid = |why: &str| {
        Error::new(ErrorKind::InvalidInput, format!("{key} {why}"))
            .with_hint("give the full address, for example https://management.example.com")
    };
    let mut url = Url::parse(text).map_err(|_| invalid("is not a URL"))?;
    if url.scheme() != "https" {
        return Err(invalid(
            "must begin with https://: tokens are never sent in the clear",
        ));
    }
    if url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("must be a plain address without a user"));
    }
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_cloud_has_https_endpoints_of_its_own() {
        let hosts: std::collections::BTreeSet<String> = NAMES
            .iter()
            .filter(|name| **name != "Custom")
            .map(|name| Cloud::named(name).unwrap().arm_endpoint.to_string())
            .collect();
        assert_eq!(hosts.len(), 3);
        assert!(Cloud::named("AzureMoon").is_none());
    }

    #[test]
    fn a_token_goes_to_arm_and_its_regional_hosts_only() {
        let cloud = Cloud::named("AzurePublic").unwrap();
        let owns = |url: &str| cloud.owns(&Url::parse(url).unwrap());
        assert!(owns("https://management.azure.com/subscriptions/x"));
        assert!(owns("https://japaneast.management.azure.com/x"));
        assert!(!owns("http://management.azure.com/x"));
        assert!(!owns("https://evilmanagement.azure.com/x"));
        assert!(!owns("https://management.azure.com.evil.example/x"));
        assert!(!owns("https://management.azure.com:8443/x"));
        assert!(!owns("https://user@management.azure.com/x"));
    }

    #[test]
    fn an_endpoint_without_tls_is_refused() {
        assert!(Cloud::custom("http://127.0.0.1:1", "https://127.0.0.1:1", None).is_err());
        assert!(Cloud::custom("https://127.0.0.1:1", "nonsense", None).is_err());
    }
}
