//! Ids of the cloud, shortened for humans where nothing is lost by it.

use std::collections::{BTreeMap, BTreeSet};

/// What each of some ids is shown as: type and name. The subscription, the group and the vendor are the same for
/// everything around it, and stand in the JSON form.
///
/// Ids that would look the same are shown in full, and what is no such id as it is.
#[derive(Debug, Default)]
pub(crate) struct ShortIds(BTreeMap<String, String>);

impl ShortIds {
    /// For the ids that are shown together.
    pub(crate) fn of<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        let mut by_short: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for id in ids {
            let short = short(id);
            by_short.entry(short.to_ascii_lowercase()).or_default().insert(id);
        }
        let mut shown = BTreeMap::new();
        for ids in by_short.into_values() {
            let alone = ids.len() == 1;
            for id in ids {
                let text = if alone { short(id) } else { id };
                shown.insert(id.to_owned(), text.to_owned());
            }
        }
        Self(shown)
    }

    /// What the id is shown as.
    pub(crate) fn get<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.get(id).map_or(id, String::as_str)
    }
}

/// `managedClusters/aks-1` of `/subscriptions/…/providers/Microsoft.ContainerService/managedClusters/aks-1`.
fn short(id: &str) -> &str {
    const PROVIDERS: &str = "/providers/";
    if !id.starts_with('/') {
        return id;
    }
    match id.to_ascii_lowercase().rfind(PROVIDERS) {
        Some(at) => {
            let own = id.get(at + PROVIDERS.len()..).unwrap_or(id);
            own.split_once('/').map_or(own, |(_, rest)| rest)
        }
        // A subscription or a group: the last two segments.
        None => match id.rmatch_indices('/').nth(1) {
            Some((at, _)) => id.get(at + 1..).unwrap_or(id),
            None => id,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shown_as_type_and_name_of_what_it_is() {
        let group = "/subscriptions/s/resourceGroups/g";
        let cluster = format!("{group}/providers/Microsoft.ContainerService/managedClusters/aks-1");
        for (id, shown) in [
            (cluster.clone(), "managedClusters/aks-1"),
            (
                format!("{cluster}/agentPools/user1"),
                "managedClusters/aks-1/agentPools/user1",
            ),
            (
                format!("{cluster}/providers/Microsoft.Authorization/roleAssignments/r"),
                "roleAssignments/r",
            ),
            (group.to_owned(), "resourceGroups/g"),
            ("/subscriptions/s".to_owned(), "subscriptions/s"),
            (
                "/subscriptions/s/providers/Microsoft.Resources/deploymentStacks/k".to_owned(),
                "deploymentStacks/k",
            ),
            ("the cluster".to_owned(), "the cluster"),
            (String::new(), ""),
            ("/".to_owned(), "/"),
        ] {
            assert_eq!(ShortIds::of([id.as_str()]).get(&id), shown, "{id}");
        }
    }

    #[test]
    fn ids_that_would_look_the_same_stay_whole() {
        let disk = |group: &str| {
            format!("/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Compute/disks/pvc-1")
        };
        let (one, two, other) = (disk("a"), disk("b"), disk("a").replace("pvc-1", "pvc-2"));
        let ids = ShortIds::of([one.as_str(), two.as_str(), other.as_str(), one.as_str()]);
        assert_eq!(ids.get(&one), one);
        assert_eq!(ids.get(&two), two);
        assert_eq!(ids.get(&other), "disks/pvc-2");
        assert_eq!(ids.get("/never/seen"), "/never/seen");
    }
}
