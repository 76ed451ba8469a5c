//! Ultra disks: only nodes of pools that were made for them attach them (use-ultra-disks.md of AKS).

use kompox_domain::progress::WarningKind;
use kompox_domain::settings::SettingValue;
use kompox_domain::{AppScope, Error, ErrorKind, Zone};

use super::AppVolumes;
use super::options::DiskOptions;
use crate::observe::managed_cluster::{AgentPool, ManagedCluster};

const SKU: &str = "UltraSSD_LRS";
const SETTING: &str = "AZURE_AKS_USER_VM_ULTRA_SSD";

/// What is wrong with such a volume on the app's cluster, as far as the configuration tells.
pub(crate) fn unattachable(app: &AppScope, options: &DiskOptions) -> Option<Error> {
    let cluster = &app.cluster;
    if options.sku != SKU || cluster.existing {
        return None;
    }
    match cluster.settings.get(SETTING) {
        // Somebody who may not read the reference cannot tell.
        Some(SettingValue::Reference(_)) => None,
        Some(SettingValue::Plain(text)) if text == "true" => None,
        _ => {
            let message = format!(
                "no node of cluster {} attaches disks of {SKU}",
                cluster.id.cluster
            );
            let error = Error::new(ErrorKind::InvalidInput, message);
            Some(error.with_hints([
                format!("set {SETTING}: true for the cluster before it is provisioned: its pools cannot be changed so later").into(),
                "or use option sku: PremiumV2_LRS, which every pool in zones attaches".into(),
            ]))
        }
    }
}

impl AppVolumes<'_> {
    /// Warns of a disk that no node of the cluster will attach.
    pub(super) fn warn_of_ultra(&self, options: &DiskOptions, zone: Option<Zone>, cluster: &ManagedCluster) {
        let pools = &cluster.properties.pools;
        if options.sku != SKU || pools.iter().any(|pool| attaches(pool, zone)) {
            return;
        }
        let place = zone.map_or_else(String::new, |zone| format!(" in zone {zone}"));
        self.session.cx.warn_with_hints(
            WarningKind::NotAttachable,
            format!(
                "no node of cluster {}{place} attaches disks of {SKU}",
                self.app.cluster.id.cluster
            ),
            vec!["only node pools that were made with Ultra disks enabled do; add one, or use option sku: PremiumV2_LRS".into()],
        );
    }
}

fn attaches(pool: &AgentPool, zone: Option<Zone>) -> bool {
    let zones = pool.availability_zones.as_deref().unwrap_or_default();
    pool.enable_ultra_ssd == Some(true)
        && zone.is_none_or(|zone| zones.iter().any(|there| *there == zone.to_string()))
}
