//! The features with which the checks build.

use std::collections::BTreeMap;

use cargo_metadata::Package;

/// What a feature must not lead to: it brings OpenSSL, by design, and only for those who ask for it.
const LEFT_OUT: &str = "client_certificate";

/// Every feature of our packages that does not lead to OpenSSL, as `package/feature`.
pub(crate) fn features(members: &[Package]) -> Vec<String> {
    let declared: BTreeMap<&str, &BTreeMap<String, Vec<String>>> = members
        .iter()
        .map(|member| (member.name.as_str(), &member.features))
        .collect();
    select(&declared)
}

fn select(declared: &BTreeMap<&str, &BTreeMap<String, Vec<String>>>) -> Vec<String> {
    let mut chosen = Vec::new();
    for (package, features) in declared {
        for name in features.keys() {
            if !leads_out(name, features, &mut Vec::new()) {
                chosen.push(format!("{package}/{name}"));
            }
        }
    }
    chosen
}

/// Whether a feature is, or turns on, what is left out. A feature that turns on another package's must have
/// that one's name, so that it is seen here.
fn leads_out<'f>(
    name: &'f str,
    features: &'f BTreeMap<String, Vec<String>>,
    seen: &mut Vec<&'f str>,
) -> bool {
    if name.contains(LEFT_OUT) {
        return true;
    }
    if seen.contains(&name) {
        return false;
    }
    seen.push(name);
    features
        .get(name)
        .is_some_and(|turned_on| turned_on.iter().any(|next| leads_out(next, features, seen)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_what_leads_to_openssl() {
        let features: BTreeMap<String, Vec<String>> = [
            ("default", vec!["emulator"]),
            ("emulator", vec!["dep:kompox-azure-emulator"]),
            ("client_certificate", vec!["kompox-arm/client_certificate"]),
            ("certificates", vec!["azure_identity/client_certificate"]),
            ("full", vec!["emulator", "certificates"]),
            ("round", vec!["round"]),
        ]
        .into_iter()
        .map(|(name, on)| (name.to_owned(), on.into_iter().map(str::to_owned).collect()))
        .collect();
        let declared = BTreeMap::from([("p", &features)]);
        assert_eq!(select(&declared), ["p/default", "p/emulator", "p/round"]);
    }
}
