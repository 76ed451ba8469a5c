//! The HTTP client under the pipeline: TLS, private CAs, proxies, time limits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{HttpClient, Transport};
use kompox_domain::{Error, ErrorKind};
use kompox_files::Unusable;

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
    check_system_certificates()?;
    let client = builder.build().map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot set up the HTTP client").with_source(error)
    })?;
    let client: Arc<dyn HttpClient> = Arc::new(client);
    Ok(Transport::new(client))
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
