//! Tags that others have set on what is ours. A PUT replaces all tags of a resource, so those of others are read before
//! and put again beside ours.

use std::collections::BTreeMap;

use kompox_arm::{ArmError, ArmRequest, ListedResource};
use kompox_domain::{Error, ErrorKind, Result, tags};
use serde::Deserialize;

use super::plan::Todo;
use crate::advice::to_domain;
use crate::api::RESOURCES;
use crate::lenient::text_map;
use crate::observe::ObservedCluster;
use crate::observe::ProvisionedCluster;
use crate::resource_name::title;
use crate::tags::{Tags, foreign_tags, foreign_tags_of_stack};
use crate::template::foreign_tags::{CLUSTER, GROUP, HOLDERS, PARAMETER, parameter};
use crate::template::names::Names;

/// So many tags of others may be on something: Azure allows 50, and we set four at most.
const ROOM: usize = 50 - 4;

#[derive(Deserialize)]
struct Tagged {
    #[serde(default, deserialize_with = "text_map")]
    tags: Tags,
}

impl ProvisionedCluster<'_> {
    /// Puts the tags that others have set into what is to be put. One listing, and none where nothing is there yet.
    ///
    /// # Errors
    /// Whatever keeps them from being read; `Precondition` where there are more of them than fit beside ours.
    pub(crate) async fn keep_tags(&self, observed: &ObservedCluster, todo: &mut Todo) -> Result<()> {
        let Some(group) = &observed.group else {
            return Ok(());
        };
        let mut found = self.tags_in_group(observed).await.map_err(to_domain)?;
        // A group that is somebody else's is not in the template.
        if !self.settings.adopt {
            found.insert(GROUP, foreign_tags(&group.tags));
        }
        // AKS tells its own sooner than ARM's listing, which lags.
        if let Some(cluster) = &observed.cluster {
            found.insert(CLUSTER, foreign_tags(&cluster.tags));
        }
        // Its own tag for a while, which others are not to be counted with.
        let due = found.entry(CLUSTER).or_default();
        due.retain(|name, _| !name.eq_ignore_ascii_case(tags::NODE_IMAGES_DUE));
        let pools = observed
            .cluster
            .iter()
            .flat_map(|cluster| &cluster.properties.pools);
        let pools = pools.map(|pool| (format!("node pool {}", pool.name), foreign_tags(&pool.tags)));
        let stack = observed
            .stack
            .iter()
            .map(|stack| (title(&stack.id), foreign_tags_of_stack(&stack.tags)));
        let names = Names::new(
            &self.session.provider.subscription,
            &self.settings.group,
            &self.scope.path(),
        );
        let holders = found.iter().map(|(holder, tags)| {
            let name = names.of(holder).unwrap_or_else(|| self.settings.group.clone());
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
        if let Some(cluster) = &observed.cluster {
            self.mark_due(cluster, found.entry(CLUSTER).or_default());
        }
        todo.set(PARAMETER, parameter(&found));
        Ok(())
    }

    /// The tags of others on the resources of the group that are in the template.
    async fn tags_in_group(
        &self,
        observed: &ObservedCluster,
    ) -> Result<BTreeMap<&'static str, Tags>, ArmError> {
        let group = self.group_path();
        let names = Names::new(
            &self.session.provider.subscription,
            &self.settings.group,
            &self.scope.path(),
        );
        let ours: Vec<(&str, String)> = HOLDERS
            .iter()
            .filter_map(|holder| Some((*holder, names.of(holder)?)))
            .collect();
        let expected = self.expected(observed);
        let mut found = BTreeMap::new();
        let each = |resource: ListedResource<'_>| {
            let known = ours
                .iter()
                .find(|(_, name)| name.eq_ignore_ascii_case(&resource.name));
            if let Some((holder, _)) = known
                && expected.iter().any(|id| id.eq_ignore_ascii_case(&resource.id))
            {
                let Tagged { tags } = resource.read()?;
                found.insert(*holder, foreign_tags(&tags));
            }
            Ok(())
        };
        let url = self.session.arm.url(&format!("{group}/resources"), RESOURCES)?;
        match self
            .session
            .arm
            .list_resources(self.session.cx, ArmRequest::get(url), each)
            .await
        {
            // It went meanwhile, with all that was in it.
            Err(error) if error.is_group_not_found() => Ok(BTreeMap::new()),
            read => read.map(|()| found),
        }
    }
}
