//! What a Traefik cannot be asked for: said before anything is sent.

use std::collections::BTreeSet;

use kompox_domain::{Error, ErrorKind, Result};

use super::arguments::{HEADER_ALIASES, RESOLVERS};
use super::spec::{Acme, Image, Traefik, VaultMount};
use super::vaults;

/// The longest name of a file.
const FILE_NAME: usize = 255;

/// Whether it can be made.
///
/// # Errors
/// `InvalidInput`, naming what cannot be meant.
pub fn check(traefik: &Traefik) -> Result<()> {
    for name in [&traefik.namespace, &traefik.service_account] {
        demand(is_label(name), || format!("{name:?} is no name of Kubernetes"))?;
    }
    demand(traefik.service_account != "default", || {
        "the service account \"default\" belongs to Kubernetes: the ingress needs one of its own".to_owned()
    })?;
    demand(traefik.replicas != Some(0), || {
        "an ingress of no pods serves nobody".to_owned()
    })?;
    demand(
        traefik.acme.is_none() || matches!(traefik.replicas, None | Some(1)),
        || "with ACME there is one pod: the file with its certificates has one writer".to_owned(),
    )?;
    image(&traefik.image)?;
    let version = traefik.image.version();
    if let (Some(version), Some(_)) = (
        version.filter(|version| *version < HEADER_ALIASES),
        traefik.header_aliases,
    ) {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            format!(
                "Traefik {version} does not know ingress.headerAliases, which came with {HEADER_ALIASES}"
            ),
        ));
    }
    traefik.acme.as_ref().map_or(Ok(()), acme)?;
    let mut names = BTreeSet::new();
    for vault in &traefik.vaults {
        demand(names.insert(&vault.name), || {
            format!("two vaults are mounted as {:?}", vault.name)
        })?;
        mount(vault)?;
    }
    Ok(())
}

fn acme(acme: &Acme) -> Result<()> {
    let email = &acme.email;
    let parts = email.split_once('@');
    let is_address = parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
        && !email
            .chars()
            .any(|char| char.is_whitespace() || char.is_control());
    demand(is_address, || format!("{email:?} is no e-mail address"))?;
    let Some(resolver) = &acme.resolver else {
        return Ok(());
    };
    let known = RESOLVERS.map(|(name, _)| name);
    demand(known.contains(&resolver.as_str()), || {
        format!(
            "there is no certificate resolver {resolver:?}, only {}",
            known.join(" and ")
        )
    })
}

fn image(image: &Image) -> Result<()> {
    // A registry may have a port and a path; a colon elsewhere would begin a tag.
    let parts = [
        (&image.registry, "registry", "-_./:"),
        (&image.repository, "repository", "-_./"),
        (&image.tag, "tag", "-_."),
    ];
    for (part, called, also) in parts {
        let Some(part) = part else { continue };
        let fits = |char: char| char.is_ascii_alphanumeric() || also.contains(char);
        let whole = !part.is_empty() && !part.contains("//") && !part.ends_with('/');
        demand(whole && part.chars().all(fits), || {
            format!("{part:?} is no {called} in the name of an image")
        })?;
    }
    let Some(digest) = &image.digest else {
        return Ok(());
    };
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    demand(
        hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        || format!("{digest:?} is no digest of an image: sha256: and 64 hexadecimal digits"),
    )
}

fn mount(vault: &VaultMount) -> Result<()> {
    let name = &vault.name;
    let is_name = name.len() <= 253 && name.split('.').all(is_label);
    demand(is_name, || format!("{name:?} is no name of Kubernetes"))?;
    demand(!vault.parameters.contains_key(vaults::OBJECTS), || {
        format!("which objects of {name} are mounted is no parameter")
    })?;
    demand(!vault.certificates.is_empty(), || {
        format!("no certificate of {name} is asked for")
    })?;
    let mut names = BTreeSet::new();
    for certificate in &vault.certificates {
        let called = &certificate.name;
        demand(
            !called.is_empty() && certificate.file_name().len() <= FILE_NAME,
            || format!("{called:?} is no name of a certificate: it is empty or too long"),
        )?;
        demand(names.insert(called), || {
            format!("two certificates are called {called:?}")
        })?;
        let in_vault = [Some(&certificate.object), certificate.version.as_ref()];
        for text in in_vault.into_iter().flatten() {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            demand(!text.is_empty() && text.bytes().all(fits), || {
                format!("no object of a vault is called {text:?}")
            })?;
        }
    }
    Ok(())
}

fn demand(holds: bool, otherwise: impl FnOnce() -> String) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidInput, otherwise()))
}

/// RFC 1123.
fn is_label(text: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}
