//! api-versions: asked for always, well-formed, and only those that exist.

use kompox_emulator_core::request::Request;

use super::error::{ArmError, ArmResult};

/// Refuses a request without an api-version, or with one that is none.
pub(crate) fn well_formed(request: &Request) -> ArmResult<&str> {
    let version = request
        .query("api-version")
        .filter(|version| !version.is_empty())
        .ok_or_else(|| {
            ArmError::new(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        })?;
    if date(version).is_none() {
        return Err(ArmError::new(
            400,
            "InvalidApiVersionParameter",
            format!(
                "The api-version '{version}' is invalid. The api-version must be of the form 'yyyy-MM-dd' or 'yyyy-MM-dd-preview'."
            ),
        ));
    }
    Ok(version)
}

/// Refuses an api-version that a resource type does not have.
pub(crate) fn supported(
    request: &Request,
    namespace: &str,
    kind: &str,
    versions: &[&str],
    region: &str,
) -> ArmResult<()> {
    let version = well_formed(request)?;
    exists(version, namespace, kind, versions, region)
}

/// The same for the api-version of a resource in a template.
pub(crate) fn exists(
    version: &str,
    namespace: &str,
    kind: &str,
    versions: &[&str],
    region: &str,
) -> ArmResult<()> {
    if versions.iter().any(|known| known.eq_ignore_ascii_case(version)) {
        return Ok(());
    }
    Err(ArmError::new(
        400,
        "NoRegisteredProviderFound",
        format!(
            "No registered resource provider found for location '{region}' and API version '{version}' for type \
             '{kind}' of '{namespace}'. The supported api-versions are '{}'. The supported locations are '{}'.",
            versions.join(", "),
            super::providers::REGIONS.map(|region| region.name).join(", ")
        ),
    ))
}

/// The date of a version, if it has the right form.
fn date(version: &str) -> Option<&str> {
    let (date, suffix) = version.split_at_checked(10)?;
    let numbers = |range: std::ops::Range<usize>| -> Option<u32> {
        let text = date.get(range)?;
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())?
    };
    let (_, month, day) = (numbers(0..4)?, numbers(5..7)?, numbers(8..10)?);
    let dashes = date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
    let suffixes = ["", "-preview", "-privatepreview", "-alpha", "-beta"];
    (dashes
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && suffixes.iter().any(|known| suffix.eq_ignore_ascii_case(known)))
    .then_some(date)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn an_api_version_is_a_date_and_perhaps_preview() {
        assert_eq!(date("2025-01-02"), Some("2025-01-02"));
        assert_eq!(date("2023-07-01-preview"), Some("2023-07-01"));
        for text in [
            "",
            "2025",
            "2025-1-2",
            "2025-13-01",
            "2025-01-02x",
            "2025/01/02",
            "２０２５-01-02",
            "latest",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
