//! Presets: how large a cluster is where its settings do not say.

/// What a preset says about one kind of pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolSize {
    pub(crate) vm_size: &'static str,
    pub(crate) disk_size_gb: u32,
    /// Of each pool; user pools that lie in zones are one for each zone.
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// What a cluster costs and stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) sku_tier: &'static str,
    pub(crate) registry_sku: &'static str,
    /// For a new cluster, where no setting names one.
    pub(crate) upgrade_channel: &'static str,
    /// For a new cluster, where no setting names one.
    pub(crate) node_os_upgrade_channel: &'static str,
    pub(crate) system: PoolSize,
    pub(crate) user: PoolSize,
}

/// The presets; the first is the default.
///
/// All machines are of one family, so that one quota decides, and of a kind that takes premium disks, as volumes have
/// them by default. All follow the channels that AKS recommends: patches of the minor version that runs, and the weekly
/// images of the nodes. A new minor version takes APIs away, which no preset decides for the apps. System pools begin at four cores: AKS supports no smaller machines there, nor the B series. None of
/// them is Spot: a machine that Azure takes away at any time is nobody's silent default.
pub(crate) const PRESETS: [Preset; 3] = [
    // One node of each kind: nothing survives the loss of one, and nothing costs less on supported machines.
    Preset {
        name: "CostOptimised",
        sku_tier: "Free",
        registry_sku: "Basic",
        upgrade_channel: "patch",
        node_os_upgrade_channel: "NodeImage",
        system: PoolSize {
            vm_size: "Standard_D4s_v5",
            disk_size_gb: 64,
            min: 1,
            max: 3,
        },
        user: PoolSize {
            vm_size: "Standard_D2s_v5",
            disk_size_gb: 64,
            min: 1,
            max: 3,
        },
    },
    // Two system nodes, the least that AKS calls fit for production, and a control plane with a promised uptime.
    Preset {
        name: "Standard",
        sku_tier: "Standard",
        registry_sku: "Standard",
        upgrade_channel: "patch",
        node_os_upgrade_channel: "NodeImage",
        system: PoolSize {
            vm_size: "Standard_D4s_v5",
            disk_size_gb: 128,
            min: 2,
            max: 4,
        },
        user: PoolSize {
            vm_size: "Standard_D4s_v5",
            disk_size_gb: 128,
            min: 1,
            max: 5,
        },
    },
    // Three system nodes of eight cores, which AKS recommends for many pods and add-ons.
    Preset {
        name: "HighSpec",
        sku_tier: "Standard",
        registry_sku: "Premium",
        upgrade_channel: "patch",
        node_os_upgrade_channel: "NodeImage",
        system: PoolSize {
            vm_size: "Standard_D8s_v5",
            disk_size_gb: 128,
            min: 3,
            max: 6,
        },
        user: PoolSize {
            vm_size: "Standard_D8s_v5",
            disk_size_gb: 128,
            min: 2,
            max: 10,
        },
    },
];

/// Their names.
pub(crate) const NAMES: [&str; 3] = [PRESETS[0].name, PRESETS[1].name, PRESETS[2].name];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_preset_is_nowhere_smaller_and_system_machines_have_at_least_four_cores() {
        let cores = |size: &str| -> u32 {
            let digits: String = size
                .trim_start_matches("Standard_D")
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            digits.parse().unwrap()
        };
        for preset in PRESETS {
            assert!(cores(preset.system.vm_size) >= 4, "{}", preset.name);
            for pool in [preset.system, preset.user] {
                assert!(pool.min >= 1 && pool.min <= pool.max, "{}", preset.name);
                // Those with an `s` take premium disks.
                assert!(pool.vm_size.contains("s_v"), "{}", preset.name);
            }
        }
        for pair in PRESETS.windows(2) {
            for (small, large) in [(pair[0].system, pair[1].system), (pair[0].user, pair[1].user)] {
                assert!(cores(small.vm_size) <= cores(large.vm_size));
                assert!(small.min <= large.min && small.max <= large.max);
                assert!(small.disk_size_gb <= large.disk_size_gb);
            }
        }
    }
}
