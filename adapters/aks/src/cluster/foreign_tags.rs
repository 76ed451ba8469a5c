//! Tags that others have set on what is ours. A PUT replaces all tags of a resource, so those of others are read before
//! and put again beside ours.

use std::collections::BTreeMap;

use kompox_arm::{ArmError, ArmRequest, ListedResource};
use kompox_domain::{Error, ErrorKind, Result, tags};
use serde::Deserialize;
use serde_json::{Value, json};

use super::names::Names;
use super::nouns::title;
use super::plan::Todo;
use super::see::Seen;
use super::stack::text_map;
use super::{ClusterWork, domain};
use crate::api::RESOURCES;

/// Tags by name.
pub(crate) type Tags = BTreeMap<String, String>;

/// The parameter of the template.
pub(crate) const PARAMETER: &str = "foreignTags";
/// The member of a pool's parameter.
pub(crate) const OF_POOL: &str = "foreignTags";

/// The resource group, as the template calls it.
const GROUP: &str = "resourceGroup";
/// The managed cluster, as the template calls it.
const CLUSTER: &str = "cluster";
/// What takes tags, as the template calls it. Pools have theirs in their own parameters.
const HOLDERS: &[&str] = &[
    GROUP,
    "vault",
    "workspace",
    "collectionRule",
    "applicationInsights",
    "registry",
    "ingressIdentity",
    "clusterIdentity",
    CLUSTER,
];
/// Tags of ours on everything. Names of tags compare without case.
const OURS: &[&str] = &[tags::MANAGED_BY, tags::CLUSTER, tags::CREATED];
/// So many tags of others may be on something: Azure allows 50, and we set four at most.
const ROOM: usize = 50 - 4;

/// The tags of others on something: without those of ours, whatever somebody wrote into them.
pub(crate) fn foreign(all: &Tags) -> Tags {
    without(all, OURS)
}

/// The tags of others on the stack itself, which also has the hash.
pub(crate) fn on_stack(all: &Tags) -> Tags {
    without(&foreign(all), &[tags::HASH])
}

fn without(all: &Tags, ours: &[&str]) -> Tags {
    let is_ours = |name: &str| ours.iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut rest = all.clone();
    rest.retain(|name, _| !is_ours(name));
    rest
}

/// The parameter where nobody else has set any.
pub(crate) fn none() -> Value {
    parameter(&BTreeMap::new())
}

fn parameter(found: &BTreeMap<&str, Tags>) -> Value {
    let empty = Tags::new();
    let of = |holder: &&str| {
        let tags = found.get(holder).unwrap_or(&empty);
        ((*holder).to_owned(), json!(tags))
    };
    Value::Object(HOLDERS.iter().map(of).collect())
}

#[derive(Deserialize)]
struct Tagged {
    #[serde(default, deserialize_with = "text_map")]
    tags: Tags,
}

impl ClusterWork<'_> {
    /// Puts the tags that others have set into what is to be put. One listing, and none where nothing is there yet.
    ///
    /// # Errors
    /// Whatever keeps them from being read; `Precondition` where there are more of them than fit beside ours.
    pub(crate) async fn keep_tags(&self, seen: &Seen, todo: &mut Todo) -> Result<()> {
        let Some(group) = &seen.group else { return Ok(()) };
        let mut found = self.tags_in_group(seen).await.map_err(domain)?;
        // A group that is somebody else's is not in the template.
        if !self.own.adopt {
            found.insert(GROUP, foreign(&group.tags));
        }
        // AKS tells its own sooner than ARM's listing, which lags.
        if let Some(cluster) = &seen.cluster {
            found.insert(CLUSTER, foreign(&cluster.tags));
        }
        // Its own tag for a while, which others are not to be counted with.
        let due = found.entry(CLUSTER).or_default();
        due.retain(|name, _| !name.eq_ignore_ascii_case(tags::NODE_IMAGES_DUE));
        let pools = seen.cluster.iter().flat_map(|cluster| &cluster.properties.pools);
        let pools = pools.map(|pool| (format!("node pool {}", pool.name), foreign(&pool.tags)));
        let stack = seen
            .stack
            .iter()
            .map(|stack| (title(&stack.id), on_stack(&stack.tags)));
        let names = Names::new(&self.provider.subscription, &self.own.group, &self.scope.path());
        let holders = found.iter().map(|(holder, tags)| {
            let name = names.of(holder).unwrap_or_else(|| self.own.group.clone());
            (name, tags.clone())
        });
        for (holder, tags) in holders.chain(pools).chain(stack) {
            if tags.len() > ROOM {
                return Err(Error::new(
                    ErrorKind::Precondition,
                    format!(
                        "{holder} has {} tags of others, and beside ours there is room for {ROOM}",
                        tags.len()
                    ),
                )
                .with_hint("remove some of them: Azure allows 50 tags, and ours would not fit"));
            }
        }
        if let Some(cluster) = &seen.cluster {
            self.mark_due(cluster, found.entry(CLUSTER).or_default());
        }
        todo.set(PARAMETER, parameter(&found));
        Ok(())
    }

    /// The tags of others on the resources of the group that are in the template.
    async fn tags_in_group(&self, seen: &Seen) -> Result<BTreeMap<&'static str, Tags>, ArmError> {
        let group = self.group_path();
        let names = Names::new(&self.provider.subscription, &self.own.group, &self.scope.path());
        let ours: Vec<(&str, String)> = HOLDERS
            .iter()
            .filter_map(|holder| Some((*holder, names.of(holder)?)))
            .collect();
        let expected = self.expected(seen);
        let mut found = BTreeMap::new();
        let each = |resource: ListedResource<'_>| {
            let known = ours
                .iter()
                .find(|(_, name)| name.eq_ignore_ascii_case(&resource.name));
            if let Some((holder, _)) = known
                && expected.iter().any(|id| id.eq_ignore_ascii_case(&resource.id))
            {
                let Tagged { tags } = resource.read()?;
                found.insert(*holder, foreign(&tags));
            }
            Ok(())
        };
        let url = self.arm.url(&format!("{group}/resources"), RESOURCES)?;
        match self.arm.list_resources(self.cx, ArmRequest::get(url), each).await {
            // It went meanwhile, with all that was in it.
            Err(error) if error.is_group_not_found() => Ok(BTreeMap::new()),
            read => read.map(|()| found),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cluster::template::template;

    #[test]
    fn everything_that_the_template_names_has_a_place_for_tags_of_others() {
        let names = template()["variables"]["names"].as_object().unwrap();
        let mut named: Vec<&str> = names.keys().map(String::as_str).chain([GROUP]).collect();
        let mut holders = HOLDERS.to_vec();
        named.sort_unstable();
        holders.sort_unstable();
        assert_eq!(holders, named);
    }

    fn tags() -> impl Strategy<Value = Tags> {
        let name = prop_oneof![
            "[a-zA-Z-]{1,12}",
            Just("Managed-By".to_owned()),
            Just("KOMPOX-cluster".to_owned()),
            Just("kompox-created".to_owned()),
        ];
        proptest::collection::btree_map(name, ".{0,6}", 0..6)
    }

    proptest! {
        #[test]
        fn of_all_tags_those_of_others_stay_as_they_are_and_none_of_ours(all in tags()) {
            let rest = foreign(&all);
            for (name, value) in &all {
                let ours = OURS.iter().any(|known| known.eq_ignore_ascii_case(name));
                prop_assert_eq!(rest.get(name), (!ours).then_some(value));
            }
            prop_assert!(rest.len() <= all.len());
        }
    }
}
