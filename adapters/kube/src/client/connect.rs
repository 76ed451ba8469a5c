//! From a kubeconfig to what the client connects with.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use kompox_domain::Secret;
use kube::Config;
use kube::config::AuthInfo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Map, Value};

use super::error::KubeError;
use crate::Access;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The fields of a user that are used: those that hold the credential itself. Files belong to whoever wrote the
/// kubeconfig, and a program would ask in their name.
const CREDENTIALS: [&str; 5] = [
    "client-certificate-data",
    "client-key-data",
    "token",
    "username",
    "password",
];

pub(super) fn config(access: &Access, token: Option<&Secret>) -> Result<Config, KubeError> {
    let server = access
        .server()
        .ok_or_else(|| KubeError::invalid("it names no server"))?;
    let server: Uri = server
        .parse()
        .map_err(|error| KubeError::config("its server is not an address", error))?;
    if server.scheme_str() != Some("https") || server.host().is_none() {
        return Err(KubeError::invalid(
            "its server does not begin with https://: a credential is never sent in the clear",
        ));
    }
    let mut config = Config::new(server);
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // Whoever asks decides what is worth repeating.
    config.default_retry = false;
    config.tls_server_name = access.cluster.text("tls-server-name").map(str::to_owned);
    config.root_cert = access
        .cluster
        .text("certificate-authority-data")
        .map(certificates)
        .transpose()?;
    if config.root_cert.is_none() && access.cluster.text("certificate-authority").is_some() {
        return Err(KubeError::invalid("its certificate authority stands in a file"));
    }
    config.auth_info = user(access, token)?;
    config.proxy_url = proxy(
        &Matcher::from_env(),
        &config.cluster_url,
        access.cluster.text("proxy-url"),
    )?;
    Ok(config)
}

/// The certificates in base64 of PEM.
fn certificates(data: &str) -> Result<Vec<Vec<u8>>, KubeError> {
    let pem = STANDARD
        .decode(data.trim())
        .map_err(|error| KubeError::config("its certificate authority is not in base64", error))?;
    let read = CertificateDer::pem_slice_iter(&pem).map(|one| one.map(|one| one.as_ref().to_vec()));
    let certificates = read
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| KubeError::config("its certificate authority cannot be read", error))?;
    if certificates.is_empty() {
        return Err(KubeError::invalid(
            "its certificate authority holds no certificate",
        ));
    }
    Ok(certificates)
}

fn user(access: &Access, token: Option<&Secret>) -> Result<AuthInfo, KubeError> {
    let mut fields = Map::new();
    if let Some(token) = token {
        fields.insert("token".to_owned(), token.expose().into());
    } else {
        let known = CREDENTIALS
            .iter()
            .filter_map(|field| Some((field, access.user.text(field)?)));
        fields.extend(known.map(|(field, value)| ((*field).to_owned(), value.into())));
    }
    if fields.is_empty() {
        return Err(KubeError::invalid("its user has no credential of its own"));
    }
    // What goes wrong here could only quote the credential.
    serde_json::from_value(Value::Object(fields))
        .map_err(|_| KubeError::invalid("its user cannot be understood"))
}

/// The proxy on the way to a server: the kubeconfig's own, else that of the usual variables, with their exceptions.
fn proxy(matcher: &Matcher, server: &Uri, own: Option<&str>) -> Result<Option<Uri>, KubeError> {
    let strange = |error| KubeError::config("the proxy is not an address", error);
    if let Some(own) = own {
        return own.parse().map(Some).map_err(strange);
    }
    let Some(found) = matcher.intercept(server) else {
        return Ok(None);
    };
    let Some(header) = found.basic_auth() else {
        return Ok(Some(found.uri().clone()));
    };
    // The matcher has taken the user out of the address, and the connector looks for it there.
    let decoded = header
        .to_str()
        .ok()
        .and_then(|header| STANDARD.decode(header.strip_prefix("Basic ")?).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| KubeError::invalid("the user of the proxy cannot be read"))?;
    let (user, password) = decoded.split_once(':').unwrap_or((&decoded, ""));
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let (scheme, authority) = (
        found.uri().scheme_str().unwrap_or("http"),
        found.uri().authority().map_or("", |authority| authority.as_str()),
    );
    let uri = format!("{scheme}://{}:{}@{authority}/", encode(user), encode(password));
    uri.parse().map(Some).map_err(strange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_used_as_the_variables_say_and_with_its_user() {
        let matcher = Matcher::builder()
            .https("http://me:p%40ss:word@proxy:3128")
            .no("internal.example,10.0.0.0/8,.azmk8s.io")
            .build();
        let of = |server: &str| {
            let server = server.parse().unwrap();
            proxy(&matcher, &server, None).unwrap().map(|uri| uri.to_string())
        };
        assert_eq!(
            of("https://example.com:443/x").as_deref(),
            Some("http://me:p%40ss%3Aword@proxy:3128/")
        );
        assert_eq!(of("https://internal.example"), None);
        assert_eq!(of("https://10.1.2.3:443"), None);
        assert_eq!(of("https://a-b.hcp.eastus.azmk8s.io:443"), None);
        let own = proxy(
            &matcher,
            &"https://internal.example".parse().unwrap(),
            Some("http://own:1"),
        );
        assert_eq!(own.unwrap().unwrap().to_string(), "http://own:1/");
    }
}
