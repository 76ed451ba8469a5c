//! What there is, without what chance and time decide: two runs that came to the same end look alike.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// Numbers of roles, which are the same everywhere. Then what is not: any other GUID; ULIDs; what names of clusters,
/// of their scale sets and of data collection rules end with; numbers without dashes; addresses; times.
static CHANCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix)
        (?P<role>roleDefinitions/[0-9a-f-]{36})
        | (?P<guid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})
        | (?P<ulid>\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b)
        | (?P<set>-\d{8}-vmss)
        | (?P<host>-[0-9a-f]{8}\.)
        | (?P<number>\b[0-9a-f]{32}\b|\b[0-9a-f]{24}\b)
        | (?P<address>\b203\.0\.113\.\d+)
        | (?P<time>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00))"#,
    )
    .expect("a valid pattern")
});

/// Resources by id, chance taken out; of one id there may be several.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Likeness(BTreeMap<String, Vec<String>>);

impl Likeness {
    /// Of these resources. Records of deployments are left out: each run leaves one.
    #[must_use]
    pub fn of(resources: &[Value]) -> Self {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for resource in resources {
            if is_a(resource, "Microsoft.Resources/deployments") {
                continue;
            }
            let mut resource = resource.clone();
            strip(&mut resource);
            let id = blind(resource["id"].as_str().unwrap_or_default()).to_lowercase();
            all.entry(id).or_default().push(blind(&resource.to_string()));
        }
        for alike in all.values_mut() {
            alike.sort();
        }
        Self(all)
    }

    /// Whether `found` is the same.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare(&self, found: &Self) -> Result<(), String> {
        for (id, wanted) in &self.0 {
            let Some(there) = found.0.get(id) else {
                return Err(format!("{id} is missing"));
            };
            if there.len() != wanted.len() {
                return Err(format!("of {id} there are {}, not {}", there.len(), wanted.len()));
            }
            if let Some((there, wanted)) = there.iter().zip(wanted).find(|(there, wanted)| there != wanted) {
                return Err(format!("{id} is {there}, and should be {wanted}"));
            }
        }
        match found.0.keys().find(|id| !self.0.contains_key(*id)) {
            Some(id) => Err(format!("{id} is left over")),
            None => Ok(()),
        }
    }
}

/// Takes out what tells of a run, and not of what it led to.
fn strip(resource: &mut Value) {
    for name in ["etag", "eTag"] {
        if let Some(fields) = resource.as_object_mut() {
            fields.remove(name);
        }
    }
    let Some(properties) = resource["properties"].as_object_mut() else {
        return;
    };
    // Parameters of a stack: that they are the right ones is for its hash to say; versions that run are kept in them.
    for name in [
        "deploymentId",
        "correlationId",
        "duration",
        "detachedResources",
        "deletedResources",
        "parameters",
    ] {
        properties.remove(name);
    }
    if let Some(resources) = properties.get_mut("resources").and_then(Value::as_array_mut) {
        resources.sort_by_key(|one| blind(&one.to_string()));
    }
}

fn blind(text: &str) -> String {
    let replaced = CHANCE.replace_all(text, |found: &regex::Captures<'_>| {
        found.name("role").map_or_else(
            || {
                let kinds = ["guid", "ulid", "set", "host", "number", "address", "time"];
                let kind = kinds.into_iter().find(|kind| found.name(kind).is_some());
                format!("<{}>", kind.unwrap_or_default())
            },
            |role| role.as_str().to_owned(),
        )
    });
    replaced.into_owned()
}

/// Whether a resource is of this type.
#[must_use]
pub(crate) fn is_a(resource: &Value, kind: &str) -> bool {
    let found = resource["type"].as_str();
    found.is_some_and(|found| found.eq_ignore_ascii_case(kind))
}
