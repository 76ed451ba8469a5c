//! The HTTP client under the pipeline: TLS, private CAs, proxies, time limits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{HttpClient, Transport};
use kompox_domain::{Error, ErrorKind};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Whether requests may go through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proxies {
    /// As `HTTPS_PROXY` and its kin say.
    AsSet,
    /// Not at all: the identity of a machine is asked for on the machine itself. A proxy would give its own.
    Never,
}

/// A transport that trusts the system's certificates and those in `ca_file`, and follows no redirect:
/// a redirect could carry the token elsewhere. Proxies come from the usual variables.
pub(crate) fn transport(ca_file: Option<&Path>, proxies: Proxies) -> Result<Transport, Error> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none());
    if proxies == Proxies::Never {
        builder = builder.no_proxy();
    }
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
