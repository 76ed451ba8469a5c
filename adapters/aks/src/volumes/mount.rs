//! What the CSI driver of Azure disks must be told of a disk.

use std::collections::BTreeMap;

use kompox_domain::DiskMount;
use kompox_domain::options::OptionValue;
use kompox_domain::volume::DiskRecord;

use super::sku::is_zone_redundant;

/// By this label the CSI driver tells in which zone a node lies.
const ZONE_LABEL: &str = "topology.disk.csi.azure.com/zone";

/// Kinds of disks that the host does not cache.
const UNCACHED: [&str; 2] = ["PremiumV2_LRS", "UltraSSD_LRS"];

/// What the CSI driver must be told of a disk in this region, whose name is in lower case, as in labels of nodes.
///
/// It reads the id of a disk in any case, and its own examples write it in lower case, as the handle is. A disk in all
/// zones can be attached anywhere in its region, one outside all zones only to a machine that is in no zone itself
/// ("cannot be attached to the VM because it is not in zone"): the driver labels such nodes with an empty zone, and its
/// own volumes ask for that.
pub(crate) fn mount(location: &str, disk: &DiskRecord) -> DiskMount {
    let mut attributes = BTreeMap::new();
    let sku = match disk.options.get("sku") {
        Some(OptionValue::Text(sku)) => Some(sku.as_str()),
        _ => None,
    };
    let zone = match (disk.zone, sku) {
        (Some(zone), _) => Some(format!("{location}-{zone}")),
        (None, Some(sku)) if !is_zone_redundant(sku) => Some(String::new()),
        (None, _) => None,
    };
    if sku.is_some_and(|sku| UNCACHED.contains(&sku)) {
        // Without it the CSI driver may ask for a read cache, which Azure refuses for these.
        attributes.insert("cachingMode".to_owned(), "None".to_owned());
    }
    DiskMount {
        handle: disk.handle.clone(),
        attributes,
        node_labels: zone
            .map(|zone| (ZONE_LABEL.to_owned(), vec![zone]))
            .into_iter()
            .collect(),
    }
}
