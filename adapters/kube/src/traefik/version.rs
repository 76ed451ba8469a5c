//! A version of Traefik 3, as its images are tagged.

use std::fmt;

/// A version of Traefik 3: `v3.7.13`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Its minor version.
    pub minor: u32,
    /// Its patch.
    pub patch: u32,
}

impl Version {
    /// Minor version and patch of Traefik 3.
    pub(super) const fn three((minor, patch): (u32, u32)) -> Self {
        Self { minor, patch }
    }

    /// Reads a tag. None where it names no version exactly, as `latest` and `v3.7` do, or one of another major
    /// version: the arguments that we give are those of Traefik 3.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let text = tag.strip_prefix('v').unwrap_or(tag);
        let (text, rest) = text.split_once(['-', '+']).unwrap_or((text, ""));
        if ["rc", "ea", "alpha", "beta"]
            .iter()
            .any(|early| rest.starts_with(early))
        {
            return None;
        }
        let mut numbers = text.split('.');
        let mut next = || numbers.next()?.parse::<u32>().ok();
        let (major, minor, patch) = (next()?, next()?, next()?);
        (major == 3 && numbers.next().is_none()).then_some(Self { minor, patch })
    }

    /// The version of an image, as pods name it: `registry/traefik:v3.7.13@sha256:…`.
    #[must_use]
    pub fn of_image(reference: &str) -> Option<Self> {
        let name = reference.split('@').next()?;
        let (_, tag) = name.rsplit('/').next()?.split_once(':')?;
        Self::parse(tag)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v3.{}.{}", self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_version_or_none() {
        let read = |tag| Version::parse(tag).map(|version| version.to_string());
        for tag in ["v3.7.13", "3.7.13", "v3.7.13-windowsservercore-ltsc2022"] {
            assert_eq!(read(tag).as_deref(), Some("v3.7.13"), "{tag}");
        }
        for tag in [
            "latest",
            "v3",
            "v3.7",
            "v2.11.57",
            "v4.0.0",
            "v3.7.x",
            "",
            "v3.7.13.1",
            "v3..1",
            "v3.7.13-rc.1",
            "v3.7.0-ea.2",
        ] {
            assert_eq!(read(tag), None, "{tag}");
        }
        assert!(Version::parse("v3.7.9") < Version::parse("v3.7.10"));
        assert!(Version::parse("v3.6.25") < Version::parse("v3.7.0"));
    }

    #[test]
    fn an_image_has_the_version_of_its_tag() {
        let read = |image| Version::of_image(image).map(|version| version.to_string());
        for image in [
            "docker.io/traefik:v3.7.13",
            "traefik:v3.7.13",
            "registry.example.com:5000/mirror/traefik:v3.7.13@sha256:00",
        ] {
            assert_eq!(read(image).as_deref(), Some("v3.7.13"), "{image}");
        }
        for image in [
            "registry.example.com:5000/traefik",
            "traefik@sha256:00",
            "traefik:latest",
            "",
        ] {
            assert_eq!(read(image), None, "{image}");
        }
    }
}
