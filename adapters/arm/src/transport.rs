//! The HTTP client under the pipeline: TLS, private CAs, proxies, time limits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{HttpClient, Transport};
use kompox_domain::{Error, ErrorKind};
use kompox_files::Unusable;
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
    check_system_certificates()?;
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

/// The file that the TLS library reads by itself in place of the system's certificates.
const SYSTEM_CERTIFICATES: &str = "SSL_CERT_FILE";
/// More than any system's certificates.
const SYSTEM_CERTIFICATES_MAX: u64 = 16 << 20;

/// Keeps the TLS library from waiting for a pipe, or reading without end. What else is wrong it tells itself.
fn check_system_certificates() -> Result<(), Error> {
    let Some(path) = std::env::var_os(SYSTEM_CERTIFICATES) else {
        return Ok(());
    };
    match kompox_files::check_at(Path::new(&path), SYSTEM_CERTIFICATES_MAX) {
        Err(unusable @ (Unusable::NotRegular(_) | Unusable::TooLarge { .. })) => Err(unusable
            .told_of(format!("{SYSTEM_CERTIFICATES} {}", path.display()))
            .with_hint("name a file with certificates in PEM form, or unset it")),
        _ => Ok(()),
    }
}

fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, Error> {
    const HINT: &str = "give a file with one or more certificates in PEM form";
    let named = format!("AZURE_CA_FILE {}", path.display());
    let invalid = |what: &str| Error::new(ErrorKind::InvalidInput, format!("{named} {what}")).with_hint(HINT);
    let pem = kompox_files::read_value(path, kompox_files::SMALL)
        .map_err(|unusable| unusable.told_of(&named).with_hint(HINT))?;
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
