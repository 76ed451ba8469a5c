//! The operations of a driver, as plain data for hints, permissions and tests.

use std::fmt;

use super::ability::Ability;

macro_rules! operations {
    ($($ability:ident { $($(#[$doc:meta])* $variant:ident,)* })*) => {
        /// An operation of a driver. How long it may take, and the words of a command line, are known to whoever shows it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation {
            $($($(#[$doc])* $variant,)*)*
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// The ability that it is part of.
            #[must_use]
            pub const fn ability(self) -> Ability {
                match self { $($(Self::$variant)|* => Ability::$ability,)* }
            }
        }
    };
}

operations! {
    Clusters {
        /// [`ClusterDriver::provision`](super::ClusterDriver::provision).
        ClusterProvision,
        /// [`ClusterDriver::deprovision`](super::ClusterDriver::deprovision).
        ClusterDeprovision,
        /// [`ClusterDriver::wait`](super::ClusterDriver::wait).
        ClusterWait,
        /// [`ClusterDriver::check`](super::ClusterDriver::check).
        ClusterCheck,
        /// [`ClusterDriver::status`](super::ClusterDriver::status).
        ClusterStatus,
        /// [`ClusterDriver::kubeconfig`](super::ClusterDriver::kubeconfig).
        ClusterKubeconfig,
        /// [`ClusterDriver::token`](super::ClusterDriver::token).
        ClusterToken,
    }
    Ingress {
        /// [`IngressDriver::install`](super::IngressDriver::install).
        ClusterInstall,
        /// [`IngressDriver::uninstall`](super::IngressDriver::uninstall).
        ClusterUninstall,
    }
    Mounts {
        /// [`MountDriver::apply`](super::MountDriver::apply).
        VolumeApply,
    }
    Volumes {
        /// [`VolumeDriver::disk_list`](super::VolumeDriver::disk_list).
        DiskList,
        /// [`VolumeDriver::disk_create`](super::VolumeDriver::disk_create).
        DiskCreate,
        /// [`VolumeDriver::disk_assign`](super::VolumeDriver::disk_assign).
        DiskAssign,
        /// [`VolumeDriver::disk_delete`](super::VolumeDriver::disk_delete).
        DiskDelete,
        /// [`VolumeDriver::snapshot_list`](super::VolumeDriver::snapshot_list).
        SnapshotList,
        /// [`VolumeDriver::snapshot_create`](super::VolumeDriver::snapshot_create).
        SnapshotCreate,
        /// [`VolumeDriver::snapshot_delete`](super::VolumeDriver::snapshot_delete).
        SnapshotDelete,
        /// [`VolumeDriver::snapshot_restore`](super::VolumeDriver::snapshot_restore).
        SnapshotRestore,
    }
    Dns {
        /// [`DnsDriver::deploy`](super::DnsDriver::deploy).
        DnsDeploy,
        /// [`DnsDriver::destroy`](super::DnsDriver::destroy).
        DnsDestroy,
    }
}

impl Operation {
    /// Those of one ability.
    pub fn of(ability: Ability) -> impl Iterator<Item = Self> {
        let all = Self::ALL.iter().copied();
        all.filter(move |operation| operation.ability() == ability)
    }
}

/// Its name in lower-case words: `disk list`. A command line may call it otherwise.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, letter) in format!("{self:?}").char_indices() {
            if index > 0 && letter.is_ascii_uppercase() {
                f.write_str(" ")?;
            }
            write!(f, "{}", letter.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_operation_is_its_variant_in_words() {
        assert_eq!(Operation::DiskList.to_string(), "disk list");
        assert_eq!(Operation::ClusterProvision.to_string(), "cluster provision");
    }

    #[test]
    fn every_operation_is_part_of_one_ability_and_every_ability_has_one() {
        let mut operations: Vec<Operation> = Ability::ALL.into_iter().flat_map(Operation::of).collect();
        operations.sort_unstable();
        assert_eq!(operations, Operation::ALL);
        for ability in Ability::ALL {
            assert!(Operation::of(ability).next().is_some(), "{ability:?}");
        }
    }
}
