//! Where a certificate of the ingress is kept: a secret of a key vault.

use kompox_domain::model::Certificate;
use url::Url;

use super::reader::Reader;

/// A certificate in a key vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VaultCertificate {
    /// What the ingress calls it.
    pub(crate) name: String,
    /// The vault's host, in lower case: by it the vault is found again.
    pub(crate) host: String,
    /// Its name in the vault, in the vault's own spelling.
    pub(crate) object: String,
    /// The version that is meant; the newest without.
    pub(crate) version: Option<String>,
}

/// Sources that cannot be meant are problems, one each.
pub(super) fn read(reader: &mut Reader<'_>, certificates: &[Certificate]) -> Vec<VaultCertificate> {
    let mut read = Vec::with_capacity(certificates.len());
    for certificate in certificates {
        match parse(&certificate.source) {
            Some((host, object, version)) => read.push(VaultCertificate {
                name: certificate.name.clone(),
                host,
                object,
                version,
            }),
            None => reader.problem(
                format!(
                    "the source of certificate {} is not a certificate in a key vault",
                    certificate.name
                ),
                "write it as Azure does: https://<vault>.vault.azure.net/secrets/<name>, or …/certificates/<name>",
            ),
        }
    }
    read
}

/// Host, name and version. The secret with the private key has the name of its certificate
/// (<https://learn.microsoft.com/azure/key-vault/certificates/about-certificates>).
fn parse(source: &str) -> Option<(String, String, Option<String>)> {
    let url = Url::parse(source.trim()).ok()?;
    let plain = url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let host = url.host_str().filter(|host| plain && host.contains('.'))?;
    let segments: Vec<&str> = url.path().trim_matches('/').split('/').collect();
    let (kind, name, version) = match segments.as_slice() {
        [kind, name] => (*kind, *name, None),
        [kind, name, version] => (*kind, *name, Some((*version).to_owned())),
        _ => return None,
    };
    let word = |text: &str, longest: usize| {
        (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let known = ["secrets", "certificates"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(kind));
    let fits = known && word(name, 127) && version.as_deref().is_none_or(|version| word(version, 64));
    fits.then(|| (host.to_ascii_lowercase(), name.to_owned(), version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_or_a_certificate_of_a_vault_is_meant_with_or_without_a_version() {
        let of = |source: &str| parse(source).map(|(host, name, version)| (host, name, version.is_some()));
        let expected = |versioned| {
            Some((
                "kv-1.vault.azure.net".to_owned(),
                "wildcard-Shop".to_owned(),
                versioned,
            ))
        };
        for source in [
            "https://kv-1.vault.azure.net/secrets/wildcard-Shop",
            "https://KV-1.vault.azure.net/certificates/wildcard-Shop/",
            " https://kv-1.vault.azure.net:443/SECRETS/wildcard-Shop ",
        ] {
            assert_eq!(of(source), expected(false), "{source}");
        }
        assert_eq!(
            of("https://kv-1.vault.azure.net/secrets/wildcard-Shop/0123456789abcdef0123456789abcdef"),
            expected(true)
        );
    }

    #[test]
    fn nothing_else_is_the_place_of_a_certificate() {
        for source in [
            "",
            "wildcard",
            "http://kv.vault.azure.net/secrets/a",
            "https://kv.vault.azure.net/keys/a",
            "https://kv.vault.azure.net/secrets",
            "https://kv.vault.azure.net/secrets/a/b/c",
            "https://kv.vault.azure.net/secrets/a_b",
            "https://kv.vault.azure.net/secrets/a?x=1",
            "https://me:pw@kv.vault.azure.net/secrets/a",
            "https://localhost/secrets/a",
        ] {
            assert_eq!(parse(source), None, "{source}");
        }
    }
}
