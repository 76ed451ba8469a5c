//! Zones and the record sets in them, and whose a record set is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::host::DomainName;
use crate::scope::AppScope;
use crate::tags;

/// Longer than any path of ours.
const LONGEST_SHOWN: usize = 200;

/// A type of record sets, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Another name for something.
    Cname,
    /// Anything that leads nobody to an app: TXT, MX and so on.
    Other,
}

impl RecordKind {
    /// Those that lead to an app.
    pub const LEADING: [Self; 3] = [Self::A, Self::Aaaa, Self::Cname];

    /// As it is written in zones.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Other => "other",
        }
    }

    /// The kind of a type as it is written in zones.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::LEADING
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
            .unwrap_or(Self::Other)
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who sees a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Visibility {
    /// Everybody.
    Public,
    /// The networks that are linked to it.
    Private,
}

impl Visibility {
    /// The stable word that machines read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A zone that records may be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// The cloud's own id.
    pub id: String,
    /// Its name.
    pub name: DomainName,
    /// Who sees it.
    pub visibility: Visibility,
}

/// A record set that is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordSet {
    /// Its name in the zone: `@`, `www`, `*`.
    pub name: String,
    /// Its type as the zone writes it.
    pub written_kind: String,
    /// What it says. Of other kinds than those that lead to an app nothing is read.
    pub values: BTreeSet<String>,
    /// How long resolvers may keep it, in seconds.
    pub ttl: u32,
    /// What is noted with it.
    pub metadata: BTreeMap<String, String>,
    /// What a write or a deletion must name, so that nobody else's is undone.
    pub version: String,
}

impl RecordSet {
    /// Its type.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        RecordKind::of(&self.written_kind)
    }
}

/// An app whose record sets are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// `<ws>/<prv>/<cls>`.
    pub cluster: String,
    /// `<ws>/<prv>/<app>`.
    pub app: String,
}

impl Owner {
    /// The app of an operation.
    #[must_use]
    pub fn of(app: &AppScope) -> Self {
        Self {
            cluster: app.cluster.path(),
            app: app.path(),
        }
    }

    /// What is noted with a record set so that everybody knows whose it is.
    #[must_use]
    pub fn marks(&self) -> [(&'static str, &str); 3] {
        [
            (tags::MANAGED_BY, tags::MANAGED_BY_KOMPOX),
            (tags::CLUSTER, &self.cluster),
            (tags::APP, &self.app),
        ]
    }

    /// Whether a record set is this app's: every mark is there, and says so exactly. One that leads nobody to an app
    /// was never made for one.
    #[must_use]
    pub fn owns(&self, set: &RecordSet) -> bool {
        set.kind() != RecordKind::Other
            && self
                .marks()
                .iter()
                .all(|(name, value)| mark(&set.metadata, name) == Some(*value))
    }
}

impl RecordSet {
    /// Whether it was made for an app on this cluster (`<ws>/<prv>/<cls>`).
    #[must_use]
    pub fn is_of_cluster(&self, cluster: &str) -> bool {
        mark(&self.metadata, tags::MANAGED_BY) == Some(tags::MANAGED_BY_KOMPOX)
            && mark(&self.metadata, tags::CLUSTER) == Some(cluster)
    }

    /// Whose it is, as far as it tells.
    pub(super) fn whose(&self) -> String {
        match (
            mark(&self.metadata, tags::MANAGED_BY),
            mark(&self.metadata, tags::APP),
            mark(&self.metadata, tags::CLUSTER),
        ) {
            (Some(tags::MANAGED_BY_KOMPOX), Some(app), Some(cluster)) => {
                format!("it belongs to app {} on cluster {}", shown(app), shown(cluster))
            }
            _ => "it is somebody else's".to_owned(),
        }
    }
}

/// A text that anybody may have written, as it may be shown.
fn shown(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_SHOWN)
        .collect()
}

/// Names compare without case, as those of tags.
fn mark<'a>(metadata: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    metadata
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(marks: &[(&str, &str)]) -> RecordSet {
        let metadata = marks.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        RecordSet {
            written_kind: "A".to_owned(),
            metadata: metadata.collect(),
            ..RecordSet::default()
        }
    }

    #[test]
    fn b56_a_record_is_ours_only_when_every_mark_says_so() {
        let owner = Owner {
            cluster: "w/p/c".to_owned(),
            app: "w/p/a".to_owned(),
        };
        let ours = owner.marks();
        assert!(owner.owns(&set(&ours)));
        for missing in 0..ours.len() {
            let mut marks = ours.to_vec();
            marks.remove(missing);
            assert!(!owner.owns(&set(&marks)), "{marks:?}");
            let mut marks = ours.to_vec();
            marks[missing].1 = "W/P/other";
            assert!(!owner.owns(&set(&marks)), "{marks:?}");
        }
        assert!(!owner.owns(&set(&[])));
        assert!(set(&ours).is_of_cluster("w/p/c") && !set(&ours).is_of_cluster("w/p/d"));
        assert_eq!(set(&[]).whose(), "it is somebody else's");
        assert!(set(&ours).whose().contains("app w/p/a on cluster w/p/c"));
    }
}
