//! What the driver's resources are called in Azure. Deterministic: the names are the state.

use kompox_domain::naming::{NO_WORKSPACE, hex_digest};
use kompox_domain::{AppScope, Cluster, Label};

/// The longest name of a resource group or a Deployment Stack, in characters.
const MAX: usize = 90;

/// The Deployment Stack of a cluster: `kompox_<ws>_<prv>_<cls>`.
///
/// Three long labels make more than ARM takes: then it is cut, and ended by 8 hex digits of the whole.
#[must_use]
pub fn stack_name(cluster: &Cluster) -> String {
    let id = &cluster.id;
    let workspace = id.provider.workspace.as_ref().map_or(NO_WORKSPACE, Label::as_str);
    let whole = format!("kompox_{workspace}_{}_{}", id.provider.provider, id.cluster);
    if whole.len() <= MAX {
        return whole;
    }
    let digest = hex_digest(&whole, 8);
    // Labels are ASCII, so a cut never splits a character.
    format!("{}_{digest}", whole.get(..MAX - 9).unwrap_or(&whole))
}

/// A cluster's resource group, where only a prefix is configured: `<prefix>_cls_<cluster>_<clHASH>`.
#[must_use]
pub fn cluster_group_name(prefix: &str, cluster: &Cluster) -> String {
    group_name(
        prefix,
        "cls",
        cluster.id.cluster.as_str(),
        cluster.hash().as_str(),
    )
}

/// An app's resource group, where only a prefix is configured: `<prefix>_app_<app>_<idHASH>`.
#[must_use]
pub fn app_group_name(prefix: &str, app: &AppScope) -> String {
    group_name(prefix, "app", app.app.id.app.as_str(), app.id_hash().as_str())
}

fn group_name(prefix: &str, kind: &str, middle: &str, hash: &str) -> String {
    let around = prefix.len() + kind.len() + hash.len() + 3;
    let room = MAX.saturating_sub(around).min(middle.len());
    format!("{prefix}_{kind}_{}_{hash}", middle.get(..room).unwrap_or(middle))
}

#[cfg(test)]
mod tests {
    use kompox_domain::model::{AnyId, Ingress, Protection};
    use kompox_domain::settings::Settings;

    use super::*;

    fn cluster(id: &str) -> Cluster {
        let AnyId::Cluster(id) = id.parse().unwrap() else {
            panic!("{id} is not a cluster's")
        };
        let ingress = Ingress::new("traefik".parse().unwrap(), "traefik".parse().unwrap());
        let (protection, settings) = (Protection::default(), Settings::default());
        Cluster {
            id,
            existing: false,
            protection,
            ingress,
            settings,
        }
    }

    #[test]
    fn a_stack_is_named_after_workspace_provider_and_cluster() {
        assert_eq!(
            stack_name(&cluster("/ws/ws1/prv/prv1/cls/c1")),
            "kompox_ws1_prv1_c1"
        );
        assert_eq!(
            stack_name(&cluster("/ws/(nil)/prv/prv1/cls/c1")),
            "kompox_(nil)_prv1_c1"
        );
    }

    #[test]
    fn three_long_labels_are_cut_and_still_told_apart() {
        let long = "a".repeat(63);
        let one = stack_name(&cluster(&format!("/ws/{long}/prv/{long}/cls/{long}")));
        let two = stack_name(&cluster(&format!(
            "/ws/{long}/prv/{long}/cls/{}b",
            "a".repeat(62)
        )));
        assert_eq!(one.len(), 90);
        assert_ne!(one, two);
        let (_, digest) = one.rsplit_once('_').unwrap();
        assert!(
            digest.len() == 8 && digest.bytes().all(|b| b.is_ascii_hexdigit()),
            "{one}"
        );
    }

    #[test]
    fn of_a_group_name_only_the_middle_is_cut() {
        let scope = cluster(&format!("/ws/ws1/prv/prv1/cls/{}", "c".repeat(63)));
        let prefix = "p".repeat(32);
        let name = cluster_group_name(&prefix, &scope);
        assert_eq!(name.len(), 90);
        assert!(
            name.starts_with(&format!("{prefix}_cls_c")) && name.ends_with(scope.hash().as_str()),
            "{name}"
        );
        assert_eq!(
            cluster_group_name("k", &cluster("/ws/ws1/prv/prv1/cls/c1")),
            "k_cls_c1_c925e0"
        );
    }
}
