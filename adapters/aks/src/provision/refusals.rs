//! What keeps a cluster from being provisioned, told before anything is written.

use std::fmt;

use kompox_domain::{Error, ErrorKind, Hint, Operation, Result, tags};

use super::egress;
use crate::observe::ProvisionedCluster;
use crate::observe::managed_cluster::{AgentPool, ManagedCluster};
use crate::observe::observed_cluster::{ObservedCluster, ObservedGroup};
use crate::observe::stack::{Stack, StackState};
use crate::resource_name::title;
use crate::settings::cluster::{ApiServer, Pool, PrivateZone, SYSTEM_POOL};
use crate::tags::{belongs_to_cluster, tag};
use crate::template::network_policy;

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Stack,
    Settings,
    Group,
    Version,
    Upgrades,
}

/// What is as it is from the creation on.
pub(crate) struct Fixed {
    pub(crate) what: String,
    pub(crate) is: String,
    pub(crate) configured: String,
    /// Why, where AKS changes it in other ways.
    pub(crate) why: Option<String>,
}

impl Fixed {
    fn new(what: impl Into<String>, is: impl Into<String>, configured: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            is: is.into(),
            configured: configured.into(),
            why: None,
        }
    }
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {} and would be {}", self.what, self.is, self.configured)?;
        match &self.why {
            Some(why) => write!(f, " ({why})"),
            None => Ok(()),
        }
    }
}

fn refused(message: impl Into<String>, hint: impl Into<Hint>) -> Error {
    Error::new(ErrorKind::Precondition, message).with_hint(hint)
}

impl ProvisionedCluster<'_> {
    /// Refuses a place that is not ours, and differences that no update can make.
    ///
    /// # Errors
    /// `Precondition`.
    pub(crate) fn refuse(&self, observed: &ObservedCluster) -> Result<()> {
        match self.refusals(observed).into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    /// Everything that is refused, each with what it is about.
    pub(crate) fn refusals(&self, observed: &ObservedCluster) -> Vec<(About, Error)> {
        let stack = observed
            .stack
            .as_ref()
            .map(|stack| self.refuse_foreign_stack(stack));
        let group = observed
            .group
            .as_ref()
            .map(|group| self.refuse_foreign_group(group));
        let version = observed
            .cluster
            .as_ref()
            .map(|cluster| self.refuse_downgrade(cluster));
        let channels = observed
            .cluster
            .as_ref()
            .map(|cluster| self.refuse_channels(cluster));
        [
            (About::Stack, stack),
            (About::Settings, Some(self.refuse_changes(observed))),
            (About::Group, group),
            (About::Version, version),
            (About::Upgrades, channels),
            (About::Upgrades, Some(self.refuse_foreign_windows(observed))),
        ]
        .into_iter()
        .filter_map(|(about, result)| Some((about, result?.err()?)))
        .collect()
    }

    fn refuse_changes(&self, observed: &ObservedCluster) -> Result<()> {
        let fixed = self.fixed(observed);
        if fixed.is_empty() {
            return Ok(());
        }
        let all: Vec<String> = fixed.iter().map(ToString::to_string).collect();
        Err(refused(
            format!(
                "cluster {} cannot be changed so after its creation: {}",
                self.scope.id.cluster,
                all.join("; ")
            ),
            Hint::command(
                "set it back in the settings; or provision the cluster anew, after it was deprovisioned",
                Operation::ClusterDeprovision,
            ),
        ))
    }

    fn refuse_foreign_stack(&self, stack: &Stack) -> Result<()> {
        if stack.belongs_to_cluster(&self.scope.path()) {
            return Ok(());
        }
        let whose = match stack.tag(tags::CLUSTER) {
            Some(other) => format!("belongs to cluster {other}"),
            None => format!("does not carry the tag {} of this cluster", tags::CLUSTER),
        };
        Err(refused(
            format!("deployment stack {} exists and {whose}", self.stack.name),
            "it is never touched: give the cluster another name, or delete the stack if nobody needs it",
        ))
    }

    fn refuse_foreign_group(&self, group: &ObservedGroup) -> Result<()> {
        let name = &self.settings.group;
        if group.is_deleting() {
            return Err(refused(
                format!("resource group {name} is being deleted"),
                "wait until it is gone, then run it again",
            ));
        }
        if self.settings.adopt || belongs_to_cluster(&group.tags, &self.scope.path()) {
            return Ok(());
        }
        let whose = match tag(&group.tags, tags::CLUSTER) {
            Some(other) if other != self.scope.path() => format!("belongs to cluster {other}"),
            Some(_) => format!(
                "carries the tag {} but not {}={}",
                tags::CLUSTER,
                tags::MANAGED_BY,
                tags::MANAGED_BY_KOMPOX
            ),
            None => format!("does not carry the tag {} of this cluster", tags::CLUSTER),
        };
        Err(refused(
            format!("resource group {name} exists and {whose}"),
            "choose another name in AZURE_RESOURCE_GROUP_NAME; or set AZURE_RESOURCE_GROUP_ADOPT: use, then the group is used, but never tagged or deleted",
        ))
    }

    fn refuse_downgrade(&self, cluster: &ManagedCluster) -> Result<()> {
        let (Some(wanted), Some(runs)) = (self.settings.kubernetes_version.as_deref(), cluster.version())
        else {
            return Ok(());
        };
        if !is_downgrade(runs, wanted) {
            return Ok(());
        }
        let (why, hint) = self.why_newer(cluster, wanted);
        Err(refused(
            format!(
                "cluster {} runs Kubernetes {runs}, and AKS does not go back to {wanted}{why}",
                self.scope.id.cluster
            ),
            hint,
        ))
    }

    /// AKS lets a stopped cluster only be started or deleted. Call it where something is to do.
    ///
    /// # Errors
    /// `Precondition`.
    pub(crate) fn refuse_stopped(&self, observed: &ObservedCluster) -> Result<()> {
        match &observed.cluster {
            Some(cluster) if cluster.is_stopped() => Err(refused(
                format!("{} is stopped, and cannot be changed so", title(&cluster.id)),
                Hint::foreign(
                    "start it",
                    format!(
                        "az aks start --resource-group {} --name {}",
                        self.settings.group, cluster.name
                    ),
                ),
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn fixed(&self, observed: &ObservedCluster) -> Vec<Fixed> {
        let mut fixed = Vec::new();
        let mut differ = |what: &str, is: &str, configured: &str| {
            if !is.eq_ignore_ascii_case(configured) {
                fixed.push(Fixed::new(what, is, configured));
            }
        };
        let region = &self.session.provider.location;
        if let Some(stack) = &observed.stack {
            // A stack that holds nothing was never anywhere.
            if !stack.properties.resources.is_empty()
                && let Some(group) = group_of(stack)
            {
                differ("the resource group", &group, &self.settings.group);
            }
            if !stack.location.is_empty() {
                differ("the region", &plain(&stack.location), region);
            }
        } else if let Some(group) = observed.group.as_ref().filter(|_| !self.settings.adopt)
            && belongs_to_cluster(&group.tags, &self.scope.path())
            && !group.location.is_empty()
        {
            differ("the region", &plain(&group.location), region);
        }
        let Some(cluster) = &observed.cluster else {
            return fixed;
        };
        if observed.stack.is_none() && !cluster.location.is_empty() {
            differ("the region", &plain(&cluster.location), region);
        }
        let private = |is: bool| if is { "private" } else { "public" };
        let access = cluster.properties.api_server.as_ref();
        let is_private = access
            .and_then(|access| access.enable_private_cluster)
            .unwrap_or(false);
        let wants_private = matches!(self.settings.api_server, ApiServer::Private { .. });
        differ("the API server", private(is_private), private(wants_private));
        if let (true, ApiServer::Private { zone, .. }) = (is_private, &self.settings.api_server) {
            let is = access
                .and_then(|access| access.private_dns_zone.as_deref())
                .unwrap_or("system");
            let wanted = match zone {
                PrivateZone::System => "system".to_owned(),
                PrivateZone::None => "none".to_owned(),
                PrivateZone::Own(id) => id.to_string(),
            };
            // The one update there is (learn.microsoft.com/azure/aks/private-clusters).
            if !matches!(zone, PrivateZone::None) {
                differ("the private DNS zone", is, &wanted);
            }
        }
        if let (Some(is), Some(wanted)) = (cluster.network_policy(), self.settings.network_policy)
            && !network_policy::may_become(is, wanted)
        {
            differ("the network policy", is, wanted);
        }
        let set = self
            .settings
            .disk_encryption_set
            .as_ref()
            .map(ToString::to_string);
        differ(
            "the disk encryption set of the nodes",
            or_none(cluster.properties.disk_encryption_set.as_deref()),
            or_none(set.as_deref()),
        );
        let at_host = on_or_off(self.settings.encryption_at_host);
        let subnet = self.settings.subnet.as_ref().map(ToString::to_string);
        for pool in &cluster.properties.pools {
            let Some((wanted, zones)) = self.wanted(&pool.name) else {
                continue;
            };
            compare(pool, wanted, &zones, subnet.as_deref(), &mut differ);
            if let Some(is) = pool.enable_encryption_at_host {
                let what = format!("encryption at host of node pool {}", pool.name);
                differ(&what, on_or_off(is), at_host);
            }
        }
        // While a cluster is still being made, somebody may find out that a zone does not do.
        let made = observed
            .stack
            .as_ref()
            .is_some_and(|stack| stack.state() == StackState::Succeeded);
        if made {
            let is = user_zones(cluster);
            let wanted: Vec<String> = self.settings.user.zones.iter().map(ToString::to_string).collect();
            // A pool can be added at any time; with one that is taken away go its nodes.
            let only_more = |is: &[String]| !is.is_empty() && is.iter().all(|zone| wanted.contains(zone));
            if let Some(is) = is.filter(|is| !only_more(is)) {
                differ(
                    "the zones of the user pools",
                    &joined(is),
                    &joined(wanted.clone()),
                );
            }
        }
        if let Some(is) = cluster.outbound_type()
            && let Some(why) = egress::refused(cluster.has_own_network(), is, self.settings.outbound_type)
        {
            let outbound = Fixed::new("the outbound type", is, self.settings.outbound_type);
            fixed.push(Fixed {
                why: Some(why),
                ..outbound
            });
        }
        fixed
    }

    /// How a pool of that name is configured, with its zones.
    fn wanted(&self, name: &str) -> Option<(&Pool, Vec<String>)> {
        if name == SYSTEM_POOL {
            let zones = self
                .settings
                .system
                .zones
                .iter()
                .map(ToString::to_string)
                .collect();
            return Some((&self.settings.system, zones));
        }
        let pools = self.settings.user_pools();
        let (_, zone) = pools.iter().find(|(pool, _)| pool == name)?;
        Some((
            &self.settings.user,
            zone.iter().map(ToString::to_string).collect(),
        ))
    }
}

fn compare(
    pool: &AgentPool,
    wanted: &Pool,
    zones: &[String],
    subnet: Option<&str>,
    differ: &mut impl FnMut(&str, &str, &str),
) {
    let name = &pool.name;
    let mut known = |what: &str, is: Option<&str>, wanted: &str| {
        // What is not told cannot differ.
        if let Some(is) = is {
            differ(&format!("{what} of node pool {name}"), is, wanted);
        }
    };
    known("the VM size", pool.vm_size.as_deref(), &wanted.vm_size);
    known("the OS disk type", pool.os_disk_type.as_deref(), wanted.disk_type);
    let size = pool.os_disk_size_gb.map(|size| format!("{size} GB"));
    known(
        "the OS disk size",
        size.as_deref(),
        &format!("{} GB", wanted.disk_size_gb),
    );
    // AKS tells `Regular` by telling nothing; the template does not set it for the system pool.
    if name != SYSTEM_POOL {
        let priority = pool.scale_set_priority.as_deref().unwrap_or("Regular");
        known("the priority", Some(priority), wanted.priority);
        // use-ultra-disks.md: only when a pool is made.
        let ultra = on_or_off;
        let attaches = pool.enable_ultra_ssd.unwrap_or(false);
        known(
            "the support for Ultra disks",
            Some(ultra(attaches)),
            ultra(wanted.ultra_ssd),
        );
    }
    let is_in = joined(pool.availability_zones.clone().unwrap_or_default());
    known("the zones", Some(&is_in), &joined(zones.to_vec()));
    known(
        "the subnet",
        Some(or_none(pool.subnet.as_deref())),
        or_none(subnet),
    );
}

/// The zones of the user pools there are. None without such pools.
fn user_zones(cluster: &ManagedCluster) -> Option<Vec<String>> {
    let mut users = cluster
        .properties
        .pools
        .iter()
        .filter(|pool| pool.name == "user" || pool.name.starts_with("user"))
        .peekable();
    users.peek()?;
    Some(
        users
            .flat_map(|pool| pool.availability_zones.clone().unwrap_or_default())
            .collect(),
    )
}

fn joined(mut zones: Vec<String>) -> String {
    zones.sort_unstable();
    zones.dedup();
    if zones.is_empty() {
        "none".to_owned()
    } else {
        zones.join(", ")
    }
}

const fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn or_none(text: Option<&str>) -> &str {
    text.filter(|text| !text.is_empty()).unwrap_or("none")
}

/// The group that a stack was made for.
fn group_of(stack: &Stack) -> Option<String> {
    stack.outputs().resource_group_name.or_else(|| {
        let parameter = stack.properties.parameters.get("resourceGroupName")?;
        parameter.value.as_str().map(str::to_owned)
    })
}

/// A region as ARM names it: `Japan East` is `japaneast`.
fn plain(region: &str) -> String {
    region.replace(' ', "").to_lowercase()
}

/// Whether a version is older than the one that runs, as far as it says.
fn is_downgrade(runs: &str, wanted: &str) -> bool {
    let numbers =
        |version: &str| -> Vec<u64> { version.split('.').map_while(|part| part.parse().ok()).collect() };
    let (runs, wanted) = (numbers(runs), numbers(wanted));
    // `1.34` means any of them.
    let length = runs.len().min(wanted.len());
    wanted.get(..length) < runs.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_older_version_is_a_downgrade() {
        assert!(is_downgrade("1.34.2", "1.33"));
        assert!(is_downgrade("1.34.2", "1.34.1"));
        assert!(is_downgrade("1.10.0", "1.9.9"));
        for (runs, wanted) in [
            ("1.34.2", "1.34"),
            ("1.34.2", "1.34.2"),
            ("1.34.2", "1.35"),
            ("1.34", "1.34.9"),
        ] {
            assert!(!is_downgrade(runs, wanted), "{runs} {wanted}");
        }
    }

    #[test]
    fn regions_and_zones_compare_by_meaning() {
        assert_eq!(plain("Japan East"), "japaneast");
        assert_eq!(
            joined(vec!["2".to_owned(), "1".to_owned(), "2".to_owned()]),
            "1, 2"
        );
        assert_eq!(joined(Vec::new()), "none");
        assert_eq!((or_none(Some("")), or_none(None)), ("none", "none"));
    }
}
