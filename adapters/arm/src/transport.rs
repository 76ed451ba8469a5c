//! The HTTP client under the pipeline: TLS, private CAs, proxies, time limits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{HttpClient, Transport};
use kompox_domain::{Error, ErrorKind};
use kompox_proxy::{ProxyVariables, Scheme};
use url::Url;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// An address that no name server knows (RFC 6761, 6.4).
const NOWHERE: &str = "http://proxy.invalid/";

/// Whether requests may go through a proxy.
#[derive(Debug, Clone)]
pub(crate) enum Proxies {
    /// As `HTTPS_PROXY` and its kin say.
    AsSet(ProxyVariables),
    /// Not at all: the identity of a machine is asked for on the machine itself. A proxy would give its own.
    Never,
}

impl Proxies {
    /// As the variables of this process say, if they can be used on the way to all of these addresses.
    pub(crate) fn as_set<'a>(targets: impl IntoIterator<Item = &'a Url>) -> Result<Self, Error> {
        let variables = ProxyVariables::from_env();
        for target in targets {
            variables.proxy_for(scheme(target), target.host_str().unwrap_or_default())?;
        }
        Ok(Self::AsSet(variables))
    }
}

/// A transport that trusts the system's certificates and those in `ca_file`, and follows no redirect:
/// a redirect could carry the token elsewhere.
pub(crate) fn transport(ca_file: Option<&Path>, proxies: Proxies) -> Result<Transport, Error> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none());
    builder = match proxies {
        Proxies::Never => builder.no_proxy(),
        Proxies::AsSet(variables) => builder.proxy(reqwest::Proxy::custom(move |url| proxy(&variables, url))),
    };
    if let Some(path) = ca_file {
        let certificates = certificates(path)?;
        builder = builder.tls_certs_merge(certificates);
    }
    let client = builder.build().map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot set up the HTTP client").with_source(error)
    })?;
    let client: Arc<dyn HttpClient> = Arc::new(client);
    Ok(Transport::new(client))
}

/// The proxy on the way to an address. One that cannot be used has been told of when the client was made, except
/// where `NO_PROXY` names the endpoint, and a server then named a host below it that it does not name. A request goes
/// nowhere then: reqwest would take no answer for none.
fn proxy(variables: &ProxyVariables, target: &Url) -> Option<String> {
    match variables.proxy_for(scheme(target), target.host_str().unwrap_or_default()) {
        Ok(found) => found.map(|proxy| proxy.url().to_string()),
        Err(error) => {
            tracing::warn!(%error, "a request cannot be sent");
            Some(NOWHERE.to_owned())
        }
    }
}

fn scheme(target: &Url) -> Scheme {
    if target.scheme() == "http" {
        Scheme::Http
    } else {
        Scheme::Https
    }
}

fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, Error> {
    let invalid = |what: &str| {
        Error::new(
            ErrorKind::InvalidInput,
            format!("AZURE_CA_FILE {} {what}", path.display()),
        )
        .with_hint("give a file with one or more certificates in PEM form")
    };
    let pem = std::fs::read(path).map_err(|error| invalid("cannot be read").with_source(error))?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem)
        .map_err(|error| invalid("holds no certificates").with_source(error))?;
    if certificates.is_empty() {
        Err(invalid("holds no certificates"))
    } else {
        Ok(certificates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_whose_proxy_cannot_be_used_goes_nowhere() {
        let set = |name: &str| match name {
            "HTTPS_PROXY" => Some("socks5://proxy".into()),
            "NO_PROXY" => Some("near.example".into()),
            _ => None,
        };
        let variables = ProxyVariables::from_lookup(set);
        let of = |target: &str| proxy(&variables, &Url::parse(target).unwrap());
        assert_eq!(of("https://far.example/x").as_deref(), Some(NOWHERE));
        assert_eq!(of("https://near.example/x"), None);
        assert!(reqwest::Proxy::all(NOWHERE).is_ok());
    }
}
