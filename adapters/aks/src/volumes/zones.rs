//! In which zone a new disk lies.

use kompox_domain::progress::WarningKind;
use kompox_domain::{Argument, Error, ErrorKind, Hint, Result, Zone};

use super::AppVolumes;
use super::options::DiskOptions;
use crate::observe::ClusterRef;
use crate::observe::managed_cluster::{AgentPool, ManagedCluster};

/// Where the machines are that will attach the disk.
#[derive(Debug)]
pub(crate) enum Pools {
    /// There is no cluster yet.
    NoCluster,
    /// At least one user pool lies in no zone.
    Regional,
    /// Every user pool lies in zones, these.
    Zonal(Vec<Zone>),
    /// The cluster may not be seen.
    Hidden,
    /// The configuration does not tell where the cluster is; why.
    Unplaced(String),
}

/// What is known about a zone without asking Azure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ZoneChoice {
    /// This zone, or none for a disk that lies in all of them.
    Settled(Option<Zone>),
    /// The cluster's pools decide.
    Open,
}

impl AppVolumes<'_> {
    /// What was asked for, else what the app says.
    ///
    /// # Errors
    /// `InvalidInput` for what is no zone, or a zone for a disk that lies in all of them.
    pub(crate) fn zone_choice(&self, asked: Option<&str>, options: &DiskOptions) -> Result<ZoneChoice> {
        let region = &self.session.provider.location;
        if options.is_zone_redundant() {
            return match asked {
                None => Ok(ZoneChoice::Settled(None)),
                Some(zone) => Err(Error::new(
                    ErrorKind::InvalidInput,
                    format!(
                        "zone {zone} cannot be asked for: a disk of {} lies in all zones",
                        options.sku
                    ),
                )),
            };
        }
        match asked.or(self.app.app.zone.as_deref()) {
            Some(zone) => Ok(ZoneChoice::Settled(Some(Zone::parse(zone, region)?))),
            None => Ok(ZoneChoice::Open),
        }
    }

    /// Where the cluster's user pools are, as it was read.
    ///
    /// # Errors
    /// Those of reading the cluster, but for a missing permission: whoever makes disks need not see clusters, nor say
    /// where one is.
    pub(crate) fn pools(&self, cluster: Result<Option<ManagedCluster>>) -> Result<Pools> {
        if let Err(unplaced) = ClusterRef::of(self.session.provider, &self.app.cluster) {
            return Ok(Pools::Unplaced(unplaced.to_string()));
        }
        match cluster {
            Ok(None) => Ok(Pools::NoCluster),
            Ok(Some(cluster)) => Ok(pools(&cluster)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(Pools::Hidden),
            Err(error) => Err(error.context("cannot read in which zones the cluster's nodes are")),
        }
    }

    /// The zone of the new disk, when only the pools could say.
    ///
    /// # Errors
    /// `InvalidInput` when a zone must be given, naming those there are.
    pub(crate) fn zone_by_pools(&self, pools: Pools) -> Result<Option<Zone>> {
        match pools {
            Pools::Regional => Ok(None),
            Pools::Zonal(zones) => {
                let zones: Vec<String> = zones.iter().map(ToString::to_string).collect();
                Err(Error::new(
                    ErrorKind::InvalidInput,
                    format!(
                        "the nodes of cluster {} lie in zones: a disk needs one of them",
                        self.app.cluster.id.cluster
                    ),
                )
                .with_hints([
                    Hint::argument(
                        format!("choose one of {}", zones.join(", ")),
                        Argument::Zone(Some("<zone>".into())),
                    ),
                    Hint::text("or set deployment.zone of the app, or use a zone-redundant SKU"),
                ]))
            }
            Pools::NoCluster => {
                self.session.cx.warn(
                    WarningKind::ZoneUnknown,
                    "there is no cluster yet, so the disk is made without a zone; nodes that lie in a zone cannot attach it",
                );
                Ok(None)
            }
            Pools::Hidden => {
                self.session.cx.warn(
                    WarningKind::ZoneUnknown,
                    "the cluster may not be read, so the disk is made without a zone; nodes that lie in a zone cannot attach it",
                );
                Ok(None)
            }
            Pools::Unplaced(why) => {
                self.session.cx.warn(
                    WarningKind::ZoneUnknown,
                    format!(
                        "{why}, so the disk is made without a zone; nodes that lie in a zone cannot attach it"
                    ),
                );
                Ok(None)
            }
        }
    }
}

fn pools(cluster: &ManagedCluster) -> Pools {
    let all = &cluster.properties.pools;
    let users: Vec<&AgentPool> = all
        .iter()
        .filter(|pool| {
            pool.mode
                .as_deref()
                .is_some_and(|mode| mode.eq_ignore_ascii_case("User"))
        })
        .collect();
    // Where there are only system pools, apps run on those.
    let users = if users.is_empty() {
        all.iter().collect()
    } else {
        users
    };
    let zones_of = |pool: &&AgentPool| -> Vec<Zone> {
        pool.availability_zones
            .iter()
            .flatten()
            .filter_map(|zone| Zone::parse(zone, "").ok())
            .collect()
    };
    let per_pool: Vec<Vec<Zone>> = users.iter().map(zones_of).collect();
    if per_pool.is_empty() || per_pool.iter().any(Vec::is_empty) {
        return Pools::Regional;
    }
    let mut zones: Vec<Zone> = per_pool.into_iter().flatten().collect();
    zones.sort_unstable();
    zones.dedup();
    Pools::Zonal(zones)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(pools_json: &Value) -> Pools {
        let cluster = json!({"properties": {"agentPoolProfiles": pools_json}});
        pools(&serde_json::from_value(cluster).unwrap())
    }

    #[test]
    fn only_when_every_user_pool_is_zonal_a_zone_is_needed() {
        let system = json!({"mode": "System", "availabilityZones": null});
        let zonal = json!({"mode": "User", "availabilityZones": ["2", "1"]});
        let regional = json!({"mode": "user"});
        let Pools::Zonal(zones) = of(&json!([system, zonal])) else {
            panic!("not zonal")
        };
        assert_eq!(zones.iter().map(|zone| zone.number()).collect::<Vec<_>>(), [1, 2]);
        assert!(matches!(of(&json!([zonal, regional])), Pools::Regional));
        assert!(matches!(of(&json!([system])), Pools::Regional));
    }
}
