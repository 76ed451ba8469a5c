//! A package of others that the workspace is built with.

use cargo_metadata::semver::Version;

/// A package in the tree that is not ours.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) rust_version: Option<Version>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A package of the tree.
    pub(crate) fn used(rust_version: Option<&str>, license: Option<&str>) -> Used {
        Used {
            name: "x".to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            rust_version: rust_version.map(|version| version.parse().unwrap()),
        }
    }
}
