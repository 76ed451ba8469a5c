//! From a kubeconfig to what the client connects with.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use kompox_domain::Secret;
use kompox_proxy::{Proxy, ProxyVariables, Scheme};
use kube::Config;
use kube::config::AuthInfo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Map, Value};

use super::error::KubeError;
use crate::kubeconfig::Access;

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
        &ProxyVariables::from_env(),
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
fn proxy(variables: &ProxyVariables, server: &Uri, own: Option<&str>) -> Result<Option<Uri>, KubeError> {
    let found = match own.filter(|own| !own.is_empty()) {
        Some(own) => Proxy::parse("the kubeconfig's proxy-url", own).map(Some),
        None => variables.proxy_for(Scheme::Https, server.host().unwrap_or_default()),
    };
    let Some(proxy) = found? else {
        return Ok(None);
    };
    let uri = proxy.url().as_str().parse();
    // What goes wrong here could only quote the address, with its password.
    uri.map(Some)
        .map_err(|_| KubeError::invalid("the address of the proxy cannot be understood"))
}

#[cfg(test)]
mod tests {
    use kompox_domain::hint::in_words;

    use super::*;
    use crate::client::Trouble;

    fn variables(proxy: &str, direct: &str) -> ProxyVariables {
        ProxyVariables::from_lookup(|name| match name {
            "HTTPS_PROXY" => Some(proxy.into()),
            "NO_PROXY" => Some(direct.into()),
            _ => None,
        })
    }

    #[test]
    fn a_proxy_is_used_as_the_variables_say_and_with_its_user() {
        let set = variables(
            "http://me:p%40ss:word@proxy:3128",
            "internal.example,10.0.0.0/8,.azmk8s.io,::1",
        );
        let of = |server: &str| {
            let server = server.parse().unwrap();
            proxy(&set, &server, None).unwrap().map(|uri| uri.to_string())
        };
        assert_eq!(
            of("https://example.com:443/x").as_deref(),
            Some("http://me:p%40ss%3Aword@proxy:3128/")
        );
        assert_eq!(of("https://internal.example"), None);
        assert_eq!(of("https://10.1.2.3:443"), None);
        assert_eq!(of("https://[::1]:443"), None);
        assert_eq!(of("https://a-b.hcp.eastus.azmk8s.io:443"), None);
        let own = proxy(
            &set,
            &"https://internal.example".parse().unwrap(),
            Some("http://own:1"),
        );
        assert_eq!(own.unwrap().unwrap().to_string(), "http://own:1/");
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_and_no_way_around_it() {
        let server: Uri = "https://example.com".parse().unwrap();
        for value in [
            "socks5://me:hunter2@proxy",
            "http//hunter2",
            "http://me:hunter 2@proxy",
        ] {
            let of_variable = proxy(&variables(value, "x"), &server, None).unwrap_err();
            let own = proxy(&ProxyVariables::default(), &server, Some(value)).unwrap_err();
            for (error, named) in [(of_variable, "HTTPS_PROXY"), (own, "the kubeconfig's proxy-url")] {
                assert_eq!(error.trouble(), Trouble::Proxy);
                let told = kompox_domain::Error::from(error);
                let all = format!("{told:?} {told} {}", in_words(told.hints()));
                assert!(
                    told.to_string().contains(named) && !all.contains("hunter"),
                    "{all}"
                );
            }
            assert_eq!(
                proxy(&variables(value, "example.com"), &server, None).unwrap(),
                None
            );
        }
    }
}
