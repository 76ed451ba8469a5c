//! What the CSI driver of Azure disks must be told of a disk.

use std::collections::BTreeMap;

use kompox_domain::DiskMount;
use kompox_domain::options::OptionValue;
use kompox_domain::volume::DiskRecord;

/// By this label the CSI driver tells in which zone a node lies.
const ZONE_LABEL: &str = "topology.disk.csi.azure.com/zone";

/// Kinds of disks that the host does not cache.
const UNCACHED: [&str; 2] = ["PremiumV2_LRS", "UltraSSD_LRS"];

/// What the CSI driver must be told of a disk in this region, whose name is in lower case, as in labels of nodes.
///
/// It reads the id of a disk in any case, and its own examples write it in lower case, as the handle is. Disks
/// outside all zones, or in all of them, are left to whatever node the pod comes to.
pub(crate) fn mount(location: &str, disk: &DiskRecord) -> DiskMount {
    let mut attributes = BTreeMap::new();
    if matches!(disk.options.get("sku"), Some(OptionValue::Text(sku)) if UNCACHED.contains(&sku.as_str())) {
        // Without it the CSI driver may ask for a read cache, which Azure refuses for these.
        attributes.insert("cachingMode".to_owned(), "None".to_owned());
    }
    DiskMount {
        handle: disk.handle.clone(),
        attributes,
        node_labels: disk
            .zone
            .map(|zone| (ZONE_LABEL.to_owned(), vec![format!("{location}-{zone}")]))
            .into_iter()
            .collect(),
    }
}
